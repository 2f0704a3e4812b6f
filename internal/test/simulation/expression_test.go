package simulation

import (
	"reflect"
	"strings"
)

// holds evaluates a condition of DynamoDB's expression language, as much of it as dynamo.Store speaks: comparisons for
// equality and questions for existence, joined by AND.
func holds(condition string, names map[string]string, values item, stored item) bool {
	for part := range strings.SplitSeq(condition, " AND ") {
		if !holdsPart(part, names, values, stored) {
			return false
		}
	}
	return true
}

func holdsPart(part string, names map[string]string, values item, stored item) bool {
	if path, ok := argument(part, "attribute_not_exists"); ok {
		_, exists := stored[attribute(path, names)]
		return !exists
	}
	if path, ok := argument(part, "attribute_exists"); ok {
		_, exists := stored[attribute(path, names)]
		return exists
	}
	path, placeholder, ok := strings.Cut(part, " = ")
	expected, known := values[placeholder]
	if !ok || !known {
		panic("the simulated table does not know the condition " + part)
	}
	return reflect.DeepEqual(stored[attribute(path, names)], expected)
}

// assign carries out an update expression: SET of whole attributes.
func assign(expression string, names map[string]string, values item, to item) {
	assignments, ok := strings.CutPrefix(expression, "SET ")
	if !ok {
		panic("the simulated table does not know the update " + expression)
	}
	for part := range strings.SplitSeq(assignments, ", ") {
		path, placeholder, _ := strings.Cut(part, " = ")
		value, known := values[placeholder]
		if !known {
			panic("the simulated table does not know the assignment " + part)
		}
		to[attribute(path, names)] = value
	}
}

// paths reads a projection.
func paths(expression string, names map[string]string) []string {
	all := strings.Split(expression, ", ")
	for i, path := range all {
		all[i] = attribute(path, names)
	}
	return all
}

func argument(call, function string) (path string, ok bool) {
	inner, ok := strings.CutPrefix(call, function+"(")
	return strings.TrimSuffix(inner, ")"), ok
}

// attribute is the name that a path means.
func attribute(path string, names map[string]string) string {
	if name, ok := names[path]; ok {
		return name
	}
	if strings.ContainsAny(path, "#.[ ") {
		panic("the simulated table does not know the path " + path)
	}
	return path
}
