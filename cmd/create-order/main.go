// Command create-order is the Lambda function that stores new orders that products, payment,
// delivery-pricing and users accept.
package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/function"
	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/peer"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	function.Main("create-order", newHandler, example())
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (lambda.Handler, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	metrics := telemetry.NewMetrics(output, env.Text("ENVIRONMENT"), nil)
	table := env.Text("TABLE_NAME")
	urls := peer.URLs{
		Delivery: env.URL("DELIVERY_API_URL"),
		Payment:  env.URL("PAYMENT_API_URL"),
		Products: env.URL("PRODUCTS_API_URL"),
		Users:    env.OptionalURL("USERS_API_URL"),
	}
	cfg, endpoint := env.AWS(), env.Endpoint("DYNAMODB")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	telemetry.Install(log)
	if urls.Users == "" {
		telemetry.NewLogger(output, slog.LevelInfo).Info("users check off: USERS_API_URL is empty") // at every LOG_LEVEL
	}
	cfg.HTTPClient = safehttp.NewClient(transport, 0)
	tracer.InstrumentAWS(&cfg)
	store := &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table}
	signed := safehttp.Sign(tracer.Transport(transport), safehttp.APIGateway, cfg.Credentials, cfg.Region)
	checkers := tracer.Checkers(metrics.Checkers(peer.New(urls, peer.Options{Transport: signed, Log: log})))
	orders := &order.Service{Store: store, Checkers: checkers}
	h := &handler.CreateOrder{Orders: orders, Metrics: metrics, Log: log}
	return tracer.Handler("create-order", h), nil
}

// example returns a request with which the function creates an order if every peer and the table
// give the response.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"resource":"/orders","httpMethod":"POST","requestContext":{"authorizer":{"claims":{"sub":"example"}}},"body":"{` +
			`\"products\":[{\"productId\":\"example\",\"name\":\"example\",\"price\":1,\"package\":{\"width\":1,\"length\":1,\"height\":1,\"weight\":1}}],` +
			`\"address\":{\"name\":\"example\",\"streetAddress\":\"example\",\"city\":\"example\",\"country\":\"DE\",\"phoneNumber\":\"1\"},` +
			`\"deliveryPrice\":0,\"paymentToken\":\"example\"}"}`,
		Response: `{"pricing":0,"ok":true,"message":"All products are valid"}`, // PutItem ignores it
	}
}
