package local

import (
	"orders/internal/local/apigateway"
	"orders/internal/local/lambda"
)

// eventBusName is what the event bus is called on this machine.
const eventBusName = "local-ecommerce"

// parameters are the parameters of contract section 8 for the environment local: what this service defines, and
// what a deployment of it would read.
func parameters(baseURL, region string, create *lambda.Function, peers Settings) map[string]string {
	apiARN := func(api string) string {
		return "arn:aws:execute-api:" + region + ":" + lambda.Account + ":" + api + "/" + apigateway.Stage
	}
	all := map[string]string{
		"orders/api/url":           baseURL,
		"orders/api/arn":           apiARN("orders"),
		"orders/create-order/arn":  create.ARN() + ":live",
		"orders/table/name":        tableName,
		"products/api/url":         peers.ProductsURL,
		"products/api/arn":         apiARN("products"),
		"delivery-pricing/api/url": peers.DeliveryURL,
		"delivery-pricing/api/arn": apiARN("delivery-pricing"),
		"payment/api/url":          peers.PaymentURL,
		"payment/api/arn":          apiARN("payment"),
		"users/user-pool/arn":      "arn:aws:cognito-idp:" + region + ":" + lambda.Account + ":userpool/" + apigateway.Stage,
		"platform/event-bus/name":  eventBusName,
		"platform/event-bus/arn":   "arn:aws:events:" + region + ":" + lambda.Account + ":event-bus/" + eventBusName,
	}
	named := make(map[string]string, len(all))
	for name, value := range all {
		named["/ecommerce/local/"+name] = value
	}
	return named
}
