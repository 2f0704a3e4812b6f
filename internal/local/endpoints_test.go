package local

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
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

func TestFilterEvents(t *testing.T) {
	events := []eventbridge.Event{
		{ID: "1", DetailType: "OrderCreated", Resources: []string{"a"}},
		{ID: "2", DetailType: "OrderCreated", Resources: []string{"b"}},
		{ID: "3", DetailType: "PackageCreated", Resources: []string{"a"}},
		{ID: "4", DetailType: "OrderModified", Resources: []string{"b", "a"}},
	}
	for query, want := range map[string]string{
		"":                                   "1234",
		"orderId=a":                          "134",
		"type=OrderCreated":                  "12",
		"after=2":                            "34",
		"limit=3":                            "123",
		"limit=9":                            "1234",
		"orderId=a&limit=2":                  "13",
		"orderId=b&type=OrderCreated":        "2",
		"orderId=a&after=1&limit=1":          "3",
		"orderId=a&type=OrderDeleted":        "",
		"after=4":                            "",
		"orderId=c":                          "",
		"orderId=a&orderId=b&unknown=1":      "134",
		"type=OrderModified&after=3&limit=1": "4",
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		found, err := filterEvents(events, values)
		require.NoError(t, err)
		require.NotNil(t, found, "an empty list is []")
		var ids string
		for _, e := range found {
			ids += e.ID
		}
		require.Equal(t, want, ids, query)
	}
	for query, message := range map[string]string{
		"after=5": "after must be the ID of an event", "limit=0": "limit must be at least 1", "limit=": "limit must be at least 1", "limit=x": "limit must be at least 1",
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = filterEvents(events, values)
		require.EqualError(t, err, message)
	}
}

func TestEventsEndpointFilters(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	for _, id := range []string{"a", "b", "a"} {
		_, err := s.bus.Put(eventBusName, "test", "Test", []string{id}, json.RawMessage(`{}`), time.Time{})
		require.NoError(t, err)
	}
	var events []eventbridge.Event
	require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/events?orderId=a&limit=1")), &events))
	require.Len(t, events, 1)
	require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/events?orderId=a&after="+events[0].ID)), &events))
	require.Len(t, events, 1)
	status, text, err := c.do("GET", "/_local/events?limit=-1", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
	require.JSONEq(t, `{"message":"limit must be at least 1"}`, text)
}
