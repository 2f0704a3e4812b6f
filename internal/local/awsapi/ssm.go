package awsapi

import (
	"cmp"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"

	"orders/internal/local/lambda"
)

// maxParameters is the largest number of names in a request, and of parameters in a page.
const maxParameters = 10

type parameter struct {
	Name             string
	Type             string
	Value            string
	Version          int
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
	name, ok := e.parameterName(input.Name)
	if !ok {
		return getParameterOutput{}, &apiError{http.StatusBadRequest, "ParameterNotFound", "Parameter " + input.Name + " not found."}
	}
	return getParameterOutput{Parameter: e.parameter(name)}, nil
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
		if name, ok := e.parameterName(given); ok {
			output.Parameters = append(output.Parameters, e.parameter(name))
		} else {
			output.InvalidParameters = append(output.InvalidParameters, given)
		}
	}
	return output, nil
}

type getParametersByPathInput struct {
	Path       string
	Recursive  bool
	MaxResults *int
	NextToken  string
}

type getParametersByPathOutput struct {
	Parameters []parameter
	NextToken  string `json:",omitempty"`
}

// getParametersByPath returns one page, in alphabetical order. Filters are ignored.
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
	return e.page(e.below(input.Path, input.Recursive), string(after), limit), nil
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

// parameterName returns the name of an existing parameter, given its name or its ARN.
func (e *Endpoints) parameterName(given string) (name string, ok bool) {
	name = strings.TrimPrefix(given, e.parameterARN(""))
	_, ok = e.Parameters[name]
	return name, ok
}

func (e *Endpoints) parameterARN(name string) string {
	return "arn:aws:ssm:" + e.Region + ":" + lambda.Account + ":parameter" + name
}

func (e *Endpoints) parameter(name string) parameter {
	return parameter{
		Name:             name,
		Type:             "String",
		Value:            e.Parameters[name],
		Version:          1,
		ARN:              e.parameterARN(name),
		LastModifiedDate: float64(e.Started.UnixMilli()) / 1000,
		DataType:         "text",
	}
}
