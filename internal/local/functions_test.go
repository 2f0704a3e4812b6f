package local

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/local/apigateway"
	"orders/internal/local/eventbridge"
)

// kinds returns the queues of the matching rules by kind of event, "source detail-type".
func kinds(rules []eventbridge.Rule) map[string][]string {
	found := map[string][]string{}
	for _, rule := range rules {
		for _, source := range rule.Pattern.Source {
			for _, detailType := range rule.Pattern.DetailType {
				kind := source + " " + detailType
				found[kind] = append(found[kind], rule.Queue)
			}
		}
	}
	return found
}

func TestOnEventsRules(t *testing.T) {
	want := map[string][]string{}
	for _, update := range handler.FulfilmentEvents() {
		want[update.Source+" "+update.DetailType] = []string{updatesQueue}
	}
	rules := onEventsRules()
	require.Equal(t, want, kinds(rules))
	require.Len(t, rules, 2, "one rule for each source")
}

func TestFulfilmentRules(t *testing.T) {
	require.Equal(t, map[string][]string{
		"ecommerce.orders OrderCreated":      {warehouseQueue},
		"ecommerce.warehouse PackageCreated": {deliveryQueue},
	}, kinds(fulfilmentRules()))
}

// A real peer accepts its account's key only, and the fakes the local one, for the same order.
func TestRealPeersGetTheAccountsSignature(t *testing.T) {
	keys := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "of the account", SessionToken: "session"}
	signatures := apigateway.Verifier{AccessKey: keys.AccessKeyID, SecretKey: keys.SecretAccessKey, Region: "eu-west-1", Service: "execute-api"}
	products := httptest.NewServer(signatures.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Security-Token") == keys.SessionToken {
			_, _ = io.WriteString(w, `{"message":"All products are valid"}`)
		}
	})))
	t.Cleanup(products.Close)
	for name, test := range map[string]struct {
		keys   aws.Credentials
		status int
	}{
		"with keys":              {keys, http.StatusCreated},
		"without keys":           {aws.Credentials{}, http.StatusServiceUnavailable},
		"with an incomplete key": {aws.Credentials{AccessKeyID: keys.AccessKeyID}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := start(t, func(s *Settings) { s.ProductsURL, s.Keys = products.URL, test.keys })
			defer closeService(t, s)
			c.signIn(t)
			status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
			require.NoError(t, err)
			require.Equal(t, test.status, status, text)
		})
	}
}
