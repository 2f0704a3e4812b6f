package local

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
)

func TestTheParametersAreThoseOfTheContract(t *testing.T) {
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

func TestParametersOfARunningServiceCanBeUsedAsTheyAre(t *testing.T) {
	s, _ := start(t, func(s *Settings) { s.Region = "us-east-1" })
	defer closeService(t, s)
	all := parameters(s.URL, "us-east-1", &lambda.Function{Name: "create-order", Region: "us-east-1"}, s.settings)
	arn := regexp.MustCompile(`^arn:aws:[a-z-]+:us-east-1:\d{12}:\S+[^/]$`)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch value := all[name]; {
		case strings.HasSuffix(name, "/url"):
			require.Regexp(t, `^http://127\.0\.0\.1:\d+.*[^/]$`, value, "%s has no slash at its end: paths are added to it", name)
		case strings.HasSuffix(name, "/arn"):
			require.Regexp(t, arn, value, name)
		default:
			require.NotEmpty(t, value, name)
		}
	}
}
