package template_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)[}.]`)

// needs is the names that a value refers to, in whichever way.
func needs(value any) []string {
	var all []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			all = append(all, needs(item)...)
		}
	case map[string]any:
		for name, item := range value {
			switch name {
			case "Ref", "Fn::GetAtt", "Fn::Sub":
				for _, match := range substituted.FindAllStringSubmatch(text(value), -1) {
					all = append(all, match[1])
				}
			case "DependsOn":
				all = append(all, texts(item)...)
			}
			all = append(all, needs(item)...)
		}
	}
	return all
}

// requireNoCircle wants an order in which CloudFormation can make the resources: an alias waits for its deployment group,
// that for its alarms, and the API for the aliases.
func requireNoCircle(t *testing.T, tpl template) {
	t.Helper()
	resources := tpl["Resources"].(map[string]any)
	finished := map[string]bool{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if resources[name] == nil || finished[name] {
			return
		}
		way = append(way, name)
		require.NotContains(t, way[:len(way)-1], name, strings.Join(way, " needs "))
		for _, needed := range needs(resources[name]) {
			visit(needed, way)
		}
		finished[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		visit(name, nil)
	}
}
