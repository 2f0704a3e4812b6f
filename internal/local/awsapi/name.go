package awsapi

import (
	"net/http"
	"regexp"

	"orders/internal/local/lambda"
)

// functionName takes a bare name, a partial ARN or a whole one, each with an
// optional qualifier at its end.
var functionName = regexp.MustCompile(
	`^(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$`)

// find answers the function that the request is for. There is one version of
// each here, so that every qualifier means that one.
func (e *Endpoints) find(r *http.Request) (*lambda.Function, error) {
	parts := functionName.FindStringSubmatch(r.PathValue("function"))
	if parts == nil {
		return nil, invalid("Value at 'functionName' failed to satisfy constraint: Member must be a function's name or ARN")
	}
	name, qualifier, asked := parts[1], parts[2], r.URL.Query().Get("Qualifier")
	if qualifier != "" && asked != "" && qualifier != asked {
		return nil, &fault{http.StatusBadRequest, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier."}
	}
	if f, ok := e.Functions[name]; ok {
		return f, nil
	}
	missing := lambda.Function{Name: name, Region: e.Region}
	return nil, &fault{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + missing.ARN()}
}
