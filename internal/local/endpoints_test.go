package local

import (
	"maps"
	"orders/internal/local/lambda"
	"regexp"
	"slices"
	"strings"

	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRuntimeStats(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, text)

	var shown struct {
		Goroutines    int
		LiveHeapBytes *int64
		Peers         []struct {
			Peer  string
			Calls int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/runtime")), &shown))
	require.Positive(t, shown.Goroutines)
	require.NotNil(t, shown.LiveHeapBytes)
	require.Len(t, shown.Peers, 4)
	for _, peer := range shown.Peers {
		require.Equal(t, 1, peer.Calls, peer.Peer)
	}
}

func TestParameters(t *testing.T) {
	create := &lambda.Function{Name: "create-order", Region: "eu-west-1"}
	got := parameters("http://127.0.0.1:8080", "eu-west-1", create,
		Settings{DeliveryURL: "http://delivery", PaymentURL: "http://payment", ProductsURL: "http://products", UsersURL: "http://users"})
	require.Equal(t, map[string]string{
		"/ecommerce/local/orders/api/url":           "http://127.0.0.1:8080",
		"/ecommerce/local/orders/api/arn":           "arn:aws:execute-api:eu-west-1:000000000000:orders/local",
		"/ecommerce/local/orders/create-order/arn":  "arn:aws:lambda:eu-west-1:000000000000:function:create-order:live",
		"/ecommerce/local/orders/table/name":        tableName,
		"/ecommerce/local/products/api/url":         "http://products",
		"/ecommerce/local/products/api/arn":         "arn:aws:execute-api:eu-west-1:000000000000:products/local",
		"/ecommerce/local/delivery-pricing/api/url": "http://delivery",
		"/ecommerce/local/delivery-pricing/api/arn": "arn:aws:execute-api:eu-west-1:000000000000:delivery-pricing/local",
		"/ecommerce/local/payment/api/url":          "http://payment",
		"/ecommerce/local/payment/api/arn":          "arn:aws:execute-api:eu-west-1:000000000000:payment/local",
		"/ecommerce/local/users/user-pool/arn":      "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/local",
		"/ecommerce/local/platform/event-bus/name":  eventBusName,
		"/ecommerce/local/platform/event-bus/arn":   "arn:aws:events:eu-west-1:000000000000:event-bus/local-ecommerce",
	}, got)
}

func TestParametersOfARunningService(t *testing.T) {
	s, _ := start(t, func(s *Settings) { s.Region = "us-east-1" })
	defer closeService(t, s)
	all := parameters(s.URL, "us-east-1", &lambda.Function{Name: "create-order", Region: "us-east-1"}, s.settings)
	arn := regexp.MustCompile(`^arn:aws:[a-z-]+:us-east-1:\d{12}:\S+[^/]$`)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch value := all[name]; {
		case strings.HasSuffix(name, "/url"):
			require.Regexp(t, `^http://127\.0\.0\.1:\d+.*[^/]$`, value, "%s must not end with a slash", name)
		case strings.HasSuffix(name, "/arn"):
			require.Regexp(t, arn, value, name)
		default:
			require.NotEmpty(t, value, name)
		}
	}
}
