package awsapi

import (
	"encoding/json"
	"net/http"
	"time"

	"orders/internal/local/lambda"
)

// Every function has one version, to which its one alias points.
const (
	version = "1"
	alias   = "live"
)

type aliasOutput struct {
	AliasArn, Name, FunctionVersion string
}

type versionOutput struct {
	FunctionName, FunctionArn, Version, Description, LastModified string
}

// registerVersions adds Lambda's GetAlias, UpdateAlias and ListVersionsByFunction.
func (e *Endpoints) registerVersions(mux *http.ServeMux) {
	mux.HandleFunc("GET /2015-03-31/functions/{function}/aliases/{alias}", e.lambdaOperation(e.getAlias))
	mux.HandleFunc("PUT /2015-03-31/functions/{function}/aliases/{alias}", e.lambdaOperation(e.updateAlias))
	mux.HandleFunc("GET /2015-03-31/functions/{function}/versions", e.lambdaOperation(e.listVersions))
}

// lambdaOperation returns a handler for an operation on a function.
func (e *Endpoints) lambdaOperation(operate func(*http.Request, *lambda.Function) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := e.find(r)
		var output any
		if err == nil {
			output, err = operate(r, f)
		}
		if err != nil {
			writeError(w, r, err)
			return
		}
		writeJSON(w, "application/json", http.StatusOK, output)
	}
}

func (e *Endpoints) getAlias(r *http.Request, f *lambda.Function) (any, error) {
	if r.PathValue("alias") != alias {
		return nil, &apiError{http.StatusNotFound, "ResourceNotFoundException", "Cannot find alias arn: " + f.ARN() + ":" + r.PathValue("alias")}
	}
	return aliasOutput{f.ARN() + ":" + alias, alias, version}, nil
}

func (e *Endpoints) updateAlias(r *http.Request, f *lambda.Function) (any, error) {
	body, err := readBody(r, maxBody)
	if err != nil {
		return nil, err
	}
	var input struct{ FunctionVersion string }
	if err := json.Unmarshal(body, &input); err != nil || input.FunctionVersion != version {
		return nil, &apiError{http.StatusNotFound, "ResourceNotFoundException", "Function not found: " + f.ARN() + ":" + input.FunctionVersion}
	}
	return e.getAlias(r, f)
}

func (e *Endpoints) listVersions(_ *http.Request, f *lambda.Function) (any, error) {
	modified := e.Started.UTC().Format(time.RFC3339)
	return map[string][]versionOutput{"Versions": {
		{f.Name, f.ARN() + ":$LATEST", "$LATEST", "", modified},
		{f.Name, f.ARN() + ":" + version, version, e.Commit, modified},
	}}, nil
}
