package awsapi

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"orders/internal/local/lambda"
)

// maxParameters is the largest number of names in a request, and of parameters in a page.
const maxParameters = 10

// parameterType is the type of every parameter.
const parameterType = "String"

type parameter struct {
	Name             string
	Type             string
	Value            string
	Version          int
	Selector         string `json:",omitempty"` // as requested, with its colon
	ARN              string
	LastModifiedDate float64 // seconds since 1970
	DataType         string
}

type getParameterInput struct {
	Name string
}

type getParameterOutput struct {
	Parameter parameter
}

func (e *Endpoints) getParameter(input getParameterInput) (getParameterOutput, error) {
	if input.Name == "" {
		return getParameterOutput{}, invalid("Value at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	p, err := e.findParameter(input.Name)
	return getParameterOutput{Parameter: p}, err
}

type getParametersInput struct {
	Names []string
}

type getParametersOutput struct {
	Parameters        []parameter
	InvalidParameters []string
}

// getParameters returns each parameter once, in alphabetical order.
func (e *Endpoints) getParameters(input getParametersInput) (getParametersOutput, error) {
	if len(input.Names) == 0 || len(input.Names) > maxParameters {
		return getParametersOutput{}, invalid("Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10")
	}
	output := getParametersOutput{Parameters: []parameter{}, InvalidParameters: []string{}}
	for _, given := range slices.Compact(slices.Sorted(slices.Values(input.Names))) {
		if p, err := e.findParameter(given); err == nil {
			output.Parameters = append(output.Parameters, p)
		} else {
			output.InvalidParameters = append(output.InvalidParameters, given)
		}
	}
	return output, nil
}

type getParametersByPathInput struct {
	Path             string
	Recursive        bool
	ParameterFilters []parameterFilter
	MaxResults       *int
	NextToken        string
}

type parameterFilter struct {
	Key    string
	Option string
	Values []string
}

type getParametersByPathOutput struct {
	Parameters []parameter
	NextToken  string `json:",omitempty"`
}

// getParametersByPath returns one page, in alphabetical order.
func (e *Endpoints) getParametersByPath(input getParametersByPathInput) (getParametersByPathOutput, error) {
	var none getParametersByPathOutput
	if !strings.HasPrefix(input.Path, "/") {
		return none, &apiError{http.StatusBadRequest, "ValidationException",
			"The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\"."}
	}
	limit := *cmp.Or(input.MaxResults, new(maxParameters))
	if limit < 1 || limit > maxParameters {
		return none, invalid("Value at 'maxResults' failed to satisfy constraint: Member must have value between 1 and 10")
	}
	after, err := base64.RawURLEncoding.DecodeString(input.NextToken)
	if err != nil {
		return none, &apiError{http.StatusBadRequest, "InvalidNextToken", "The specified token is not valid."}
	}
	names := e.below(input.Path, input.Recursive)
	for _, filter := range input.ParameterFilters {
		all, err := filter.matchesAll()
		if err != nil {
			return none, err
		}
		if !all {
			names = nil
		}
	}
	return e.page(names, string(after), limit), nil
}

// matchesAll reports whether the filter matches every parameter or none: each is a String without a
// key and without labels.
func (f parameterFilter) matchesAll() (bool, error) {
	matches := func(value string) bool { return value == parameterType }
	switch f.Option {
	case "", "Equals":
	case "BeginsWith":
		matches = func(value string) bool { return strings.HasPrefix(parameterType, value) }
	default:
		return false, &apiError{http.StatusBadRequest, "InvalidFilterOption", "The filter option must be Equals or BeginsWith."}
	}
	switch f.Key {
	case "Type":
		return slices.ContainsFunc(f.Values, matches), nil
	case "KeyId", "Label":
		return false, nil
	}
	return false, &apiError{http.StatusBadRequest, "InvalidFilterKey", "The filter key must be Type, KeyId or Label."}
}

// page returns the parameters of up to limit names that follow after. The token of the next page is
// the last name of this one, so the next page may have another limit.
func (e *Endpoints) page(names []string, after string, limit int) getParametersByPathOutput {
	first, found := slices.BinarySearch(names, after)
	if found {
		first++
	}
	names = names[first:]
	output := getParametersByPathOutput{Parameters: []parameter{}}
	for _, name := range names[:min(limit, len(names))] {
		output.Parameters = append(output.Parameters, e.parameter(name))
	}
	if len(names) > limit {
		output.NextToken = base64.RawURLEncoding.EncodeToString([]byte(names[limit-1]))
	}
	return output
}

// below returns the sorted names under path: all of them, or only those directly under it.
func (e *Endpoints) below(path string, recursive bool) []string {
	path = strings.TrimRight(path, "/") + "/"
	var names []string
	for _, name := range slices.Sorted(maps.Keys(e.Parameters)) {
		rest, under := strings.CutPrefix(name, path)
		if under && (recursive || !strings.Contains(rest, "/")) {
			names = append(names, name)
		}
	}
	return names
}

// findParameter returns a parameter, given its name or its ARN, and optionally a version. Each has
// one version and no labels.
func (e *Endpoints) findParameter(given string) (parameter, error) {
	name, selector, selected := strings.Cut(strings.TrimPrefix(given, e.parameterARN("")), ":")
	if _, ok := e.Parameters[name]; !ok {
		return parameter{}, &apiError{http.StatusBadRequest, "ParameterNotFound", "Parameter " + name + " not found."}
	}
	p := e.parameter(name)
	if selected {
		p.Selector = ":" + selector
		if selector != strconv.Itoa(p.Version) {
			return parameter{}, &apiError{http.StatusBadRequest, "ParameterVersionNotFound",
				"Systems Manager could not find version " + selector + " of " + name + ". Verify the version and try again."}
		}
	}
	return p, nil
}

func (e *Endpoints) parameterARN(name string) string {
	return "arn:aws:ssm:" + e.Region + ":" + lambda.Account + ":parameter" + name
}

func (e *Endpoints) parameter(name string) parameter {
	return parameter{
		Name:             name,
		Type:             parameterType,
		Value:            e.Parameters[name],
		Version:          1,
		ARN:              e.parameterARN(name),
		LastModifiedDate: float64(e.Started.UnixMilli()) / 1000,
		DataType:         "text",
	}
}
