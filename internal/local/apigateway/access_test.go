package apigateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"orders/internal/safehttp"
)

func TestUsersNeedToken(t *testing.T) {
	f := newFixture(t)
	for _, bearer := range []string{"", "Bearer", "Bearer x.y.z", f.bearer + "x", "Basic " + f.bearer} {
		f.bearer = bearer
		requireMessage(t, f.send("POST", "/orders", nil), http.StatusUnauthorized, "Unauthorized")
		requireMessage(t, f.send("GET", "/orders", nil), http.StatusUnauthorized, "Unauthorized")
		requireMessage(t, f.send("GET", "/orders/1", nil), http.StatusUnauthorized, "Unauthorized")
	}
	require.Zero(t, f.create.calls+f.get.calls)
}

func TestServicesNeedSignature(t *testing.T) {
	f := newFixture(t)
	w := f.send("GET", "/backend/1", nil)
	require.Equal(t, http.StatusForbidden, w.Code)
	requireCORS(t, w)
	require.Zero(t, f.get.calls)

	server := httptest.NewServer(f.handler)
	defer server.Close()
	client := http.Client{Transport: safehttp.Sign(http.DefaultTransport, safehttp.APIGateway, credentials.NewStaticCredentialsProvider("local", "local", ""), "eu-west-1")}
	response, err := client.Get(server.URL + "/backend/1")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "/backend/{orderId}", f.get.event.Resource)
	require.Equal(t, "arn:aws:iam::000000000000:user/local", f.get.event.RequestContext.Identity.UserArn)
	require.Nil(t, f.get.event.RequestContext.Authorizer)
}

func TestPreflights(t *testing.T) {
	f := newFixture(t)
	f.bearer = ""
	for _, path := range []string{"/orders", "/orders/1"} {
		w := f.send("OPTIONS", path, nil)
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Empty(t, w.Body.String())
		requireCORS(t, w)
	}
	requireMessage(t, f.send("OPTIONS", "/backend/1", nil), http.StatusForbidden, "Missing Authentication Token")
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	f := newFixture(t)
	for _, request := range []string{
		"GET /", "GET /order", "GET /Orders", "GET /orders/1/2", "GET /backend", "GET /local/orders",
		"PUT /orders", "DELETE /orders", "HEAD /orders", "PATCH /orders", "POST /orders/1", "DELETE /orders/1", "HEAD /orders/1",
		"POST /backend/1", "HEAD /backend/1",
		"GET //orders", "GET /orders//", "GET /orders/1%2F", "GET /orders%2F", "GET /orders//1", "GET /orders/1//", "GET /backend/1/2/", "GET /ordersx/", "GET /orders/../orders", "GET /./orders", "GET /x/../orders",
		"GET /orders/%2e%2e/orders", "GET /orders/%2F", "GET /%2e/orders", "GET /backend/",
	} {
		t.Run(request, func(t *testing.T) {
			method, target, _ := strings.Cut(request, " ")
			requireMessage(t, f.send(method, "http://localhost"+target, nil), http.StatusForbidden, "Missing Authentication Token")
		})
	}
	require.Zero(t, f.create.calls+f.get.calls)
}

// A REST API routes both forms of a path to the same resource, and passes the path on as it is.
func TestSlashAtTheEnd(t *testing.T) {
	f := newFixture(t)
	require.Equal(t, http.StatusOK, f.send("GET", "/orders/", nil).Code)
	require.Equal(t, []string{"/orders", "/orders/", "/local/orders/"},
		[]string{f.get.event.Resource, f.get.event.Path, f.get.event.RequestContext.Path})
	require.Empty(t, f.get.event.PathParameters)
	require.Equal(t, http.StatusOK, f.send("GET", "/orders/1/", nil).Code)
	require.Equal(t, "/orders/{orderId}", f.get.event.Resource)
	require.Equal(t, map[string]string{"orderId": "1"}, f.get.event.PathParameters)
	require.Equal(t, http.StatusCreated, f.send("POST", "/orders/", nil).Code)
	require.Equal(t, http.StatusNoContent, f.send("OPTIONS", "/orders/", nil).Code)
	f.bearer = ""
	require.Equal(t, http.StatusUnauthorized, f.send("GET", "/orders/", nil).Code)
}
