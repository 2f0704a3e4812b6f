// Command on-events is the Lambda function that applies fulfilment updates from warehouse and
// delivery to orders.
package main

import (
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/function"
	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	function.Main("on-events", newHandler, example())
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (lambda.Handler, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	metrics := telemetry.NewMetrics(output, env.Text("ENVIRONMENT"), nil)
	table := env.Text("TABLE_NAME")
	cfg, endpoint := env.AWS(), env.Endpoint("DYNAMODB")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	telemetry.Install(log)
	cfg.HTTPClient = safehttp.NewClient(transport, 0)
	tracer.InstrumentAWS(&cfg)
	store := &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table}
	return &handler.OnEvents{Orders: &order.Service{Store: store}, Metrics: metrics, UpdateAges: metrics, Log: log}, nil
}

// example returns a fulfilment update for the order that is in the table's response.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"Records":[{"messageId":"example","body":"{\"source\":\"ecommerce.warehouse\",\"detail-type\":\"PackageCreated\",` +
			`\"resources\":[\"00000000-0000-5000-8000-000000000000\"],\"detail\":{\"products\":[{\"productId\":\"example\",\"quantity\":1}]}}"}]}`,
		Response: `{"Item":{"orderId":{"S":"00000000-0000-5000-8000-000000000000"},"status":{"S":"NEW"},` +
			`"createdDate":{"S":"2026-01-01T00:00:00.000000Z"},"modifiedDate":{"S":"2026-01-01T00:00:00.000000Z"},` +
			`"products":{"L":[{"M":{"productId":{"S":"example"},"price":{"N":"1"},"quantity":{"N":"1"}}}]},` +
			`"deliveryPrice":{"N":"0"},"total":{"N":"1"}}}`, // UpdateItem ignores it
	}
}
