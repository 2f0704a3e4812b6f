package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/test/testworld"
)

const (
	jane = "81e209dd-8b66-413c-bbcb-5456eb4fe655"
	john = "0e0a6d5c-5a0f-4d0e-8a3c-2f5f7f1f9b11"
)

// A service is a local service whose requests, responses and events are checked against the
// documents.
type service struct {
	url     string
	router  routers.Router
	schemas openapi3.Schemas // of events
	seen    map[string]bool  // operations and statuses, such as "createOrder 201"
}

// start starts a local service that ends with the test.
func start(t *testing.T, settings local.Settings) *service {
	t.Helper()
	url, _ := testworld.StartLocal(t, settings)
	document := load(t, openAPIFile)
	document.Servers = nil // the router would match their URLs with the local service's
	router, err := legacy.NewRouter(document)
	require.NoError(t, err)
	return &service{url: url, router: router, schemas: load(t, eventsFile).Components.Schemas, seen: map[string]bool{}}
}

// fetch returns the body of a GET of a route that only the local service has.
func (s *service) fetch(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(t, err)
	response, body := send(t, request)
	require.Equal(t, http.StatusOK, response.StatusCode, path)
	return body
}

func send(t *testing.T, request *http.Request) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

// An identity authorizes a request.
type identity func(t *testing.T, s *service, request *http.Request)

func nobody(*testing.T, *service, *http.Request) {}

func user(sub string) identity {
	return func(t *testing.T, s *service, request *http.Request) {
		request.Header.Set("Authorization", "Bearer "+s.fetch(t, "/_local/token?sub="+sub))
	}
}

func forger(t *testing.T, s *service, request *http.Request) {
	user(jane)(t, s, request)
	header := request.Header.Get("Authorization")
	request.Header.Set("Authorization", header[:strings.LastIndex(header, ".")+1]+strings.Repeat("A", 86))
}

// signer signs a request as a service of the platform does, with this secret.
func signer(secret string) identity {
	return func(t *testing.T, _ *service, request *http.Request) {
		credentials := testworld.LocalCredentials
		credentials.SecretAccessKey = secret
		require.NoError(t, testworld.Sign(t.Context(), request, nil, credentials, testworld.Region))
	}
}

// revalidating adds an If-None-Match that every order matches.
func revalidating(as identity) identity {
	return func(t *testing.T, s *service, request *http.Request) {
		request.Header.Set("If-None-Match", "*")
		as(t, s, request)
	}
}

// exchange sends a request and returns its response, which must be one that the document lists.
// invalid says why the document does not allow the request, or is nil.
func (s *service) exchange(t *testing.T, method, target string, as identity, body string) (response *http.Response, text string, invalid error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+target, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	as(t, s, request)
	route, parameters, err := s.router.FindRoute(request)
	require.NoError(t, err)
	input := &openapi3filter.RequestValidationInput{Request: request.Clone(t.Context()), PathParams: parameters, Route: route, Options: &filter}
	input.Request.Body = io.NopCloser(strings.NewReader(body)) // validating reads it
	invalid = openapi3filter.ValidateRequest(t.Context(), input)

	response, text = send(t, request)
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Options: &filter}
	output.SetBodyBytes([]byte(text))
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), output))
	requireDocumentedHeaders(t, route.Operation.Responses.Status(response.StatusCode).Value, response)
	s.seen[fmt.Sprintf("%s %d", route.Operation.OperationID, response.StatusCode)] = true
	return response, text, invalid
}

// filter makes a status that is not listed an error, and adds nothing to a request.
var filter = openapi3filter.Options{
	IncludeResponseStatus:             true,
	RejectWhenRequestBodyNotSpecified: true,
	SkipSettingDefaults:               true,
	AuthenticationFunc:                authenticate,
}

// authenticate requires what the document says of an identity: a token or a signature.
func authenticate(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header.Get(input.SecurityScheme.Name)
	if header == "" || input.SecuritySchemeName == "IAM" && !strings.HasPrefix(header, "AWS4-HMAC-SHA256 ") {
		return input.NewError(errors.New("no identity"))
	}
	return nil
}

// requireDocumentedHeaders requires that the document lists every header on which callers could
// come to rely.
func requireDocumentedHeaders(t *testing.T, documented *openapi3.Response, response *http.Response) {
	t.Helper()
	for name := range response.Header {
		switch name {
		case "Content-Type", "Content-Length", "Date", "X-Amzn-Errortype":
		default:
			require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(documented.Headers)), func(listed string) bool { return strings.EqualFold(listed, name) }), name)
		}
	}
	if len(documented.Content) == 0 {
		require.Zero(t, response.ContentLength)
	}
}

// changed returns the JSON text of an object after a change.
func changed(t *testing.T, text string, change func(object map[string]any)) string {
	t.Helper()
	object := asMap(t, decode(t, text))
	change(object)
	return encoded(t, object)
}

func encoded(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
