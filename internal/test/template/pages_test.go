package template_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

// section returns the text of a Markdown page below a heading, up to the next one of the same
// level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(string(read(t, page)), "\n"+heading+"\n")
	require.True(t, found, "%s in %s", heading, page)
	level, _, _ := strings.Cut(heading, " ")
	if i := strings.Index(rest, "\n"+level+" "); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// rows returns the cells of the first table in a text, without its heading.
func rows(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		row := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(row, "| "):
			all = append(all, regexp.MustCompile(` *\| *`).Split(strings.Trim(row, "| "), -1))
		case !strings.HasPrefix(row, "|") && len(all) > 0:
			return all[1:]
		}
	}
	return all[1:]
}

const deployment, runbook = "resources/deploy.md", "resources/runbook.md"

var quoted = regexp.MustCompile("`([^`]+)`")

// names returns the code spans of a text.
func names(text string) []string {
	var all []string
	for _, match := range quoted.FindAllStringSubmatch(text, -1) {
		all = append(all, match[1])
	}
	return all
}

func TestDeploymentPageListsTheParameters(t *testing.T) {
	parameters := load(t)["Parameters"].(map[string]any)
	var listed []string
	for _, row := range rows(section(t, deployment, "## Template parameters")) {
		defaults := names(row[1])
		for i, name := range names(row[0]) {
			listed = append(listed, name)
			value := at(parameters[name], "Default")
			if i < len(defaults) {
				require.Equal(t, defaults[i], text(value), name)
				continue
			}
			require.True(t, value == nil || value == "", name)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(parameters)), listed)
}

func TestRunbookHasASectionForEveryAlarm(t *testing.T) {
	var listed []string
	for part := range strings.SplitSeq(section(t, runbook, "## Alarms"), "\n### ") {
		heading, content, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(heading) == "" {
			continue
		}
		listed = append(listed, strings.Split(heading, ", ")...)
		require.Contains(t, content, "- **Over** ", heading)
	}
	require.ElementsMatch(t, load(t).ofType("AWS::CloudWatch::Alarm"), listed)
}

func TestRunbookQuotesLogMessages(t *testing.T) {
	message := regexp.MustCompile(`^[a-z]+( [a-z]+)+$`)
	var quoted []string
	page := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(read(t, runbook)), "")
	for _, name := range names(page) {
		if message.MatchString(name) && !strings.HasPrefix(name, "ops ") {
			quoted = append(quoted, name)
		}
	}
	require.NotEmpty(t, quoted)
	require.Subset(t, slices.Concat(constantsOf(t, "handler"), constantsOf(t, "peer"), constantsOf(t, "ops")), quoted)
}

func TestDeploymentPageListsTheSSMParameters(t *testing.T) {
	table := rows(section(t, deployment, "## SSM parameters"))
	var defined []string
	tpl := load(t)
	for _, name := range tpl.ofType("AWS::SSM::Parameter") {
		parameter := tpl.properties(t, name, "AWS::SSM::Parameter")
		defined = append(defined, strings.TrimPrefix(text(parameter["Name"]), "/ecommerce/${Environment}/"))
	}
	require.ElementsMatch(t, defined, names(table[0][0]))
	require.ElementsMatch(t, slices.Collect(maps.Values(peerParameters)), names(table[1][0]))
}

func TestDeploymentPageListsTheVariables(t *testing.T) {
	listed := map[string][]string{}
	for _, row := range rows(section(t, deployment, "## Environment variables")) {
		listed[row[0]] = slices.Sorted(slices.Values(names(row[1])))
	}
	require.Len(t, listed, len(functions))
	for _, command := range functions {
		require.Equal(t, variablesReadBy(t, command), listed[command])
	}
}

func TestReadmeListsTheRoutes(t *testing.T) {
	var document struct {
		Paths map[string]map[string]any
	}
	require.NoError(t, yaml.Unmarshal(read(t, "resources/openapi.yaml"), &document))
	var wanted, listed []string
	for path, operations := range document.Paths {
		for method := range operations {
			if method != "options" { // one row is for all of them
				wanted = append(wanted, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, row := range rows(section(t, "README.md", "## API")) {
		for _, name := range names(row[0]) {
			if route, _, _ := strings.Cut(name, "?"); strings.Contains(route, " ") {
				listed = append(listed, route)
			}
		}
	}
	require.ElementsMatch(t, wanted, listed)
}
