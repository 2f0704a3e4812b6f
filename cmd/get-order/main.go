// Command get-order is the Lambda function that returns orders to users and to other services.
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
	function.Main("get-order", newHandler, example())
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
	return &handler.GetOrder{Orders: &order.Service{Store: store}, Metrics: metrics, Log: log}, nil
}

// example returns a request for the order that is in the table's response.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"resource":"/backend/{orderId}","httpMethod":"GET","pathParameters":{"orderId":"00000000-0000-5000-8000-000000000000"},` +
			`"requestContext":{"identity":{"userArn":"example"}}}`,
		Response: `{"Item":{"orderId":{"S":"00000000-0000-5000-8000-000000000000"},"userId":{"S":"example"},"status":{"S":"NEW"},` +
			`"createdDate":{"S":"2026-01-01T00:00:00.000000Z"},"modifiedDate":{"S":"2026-01-01T00:00:00.000000Z"},"paymentToken":{"S":"example"},` +
			`"products":{"L":[{"M":{"productId":{"S":"example"},"name":{"S":"example"},"price":{"N":"1"},"quantity":{"N":"1"},` +
			`"package":{"M":{"width":{"N":"1"},"length":{"N":"1"},"height":{"N":"1"},"weight":{"N":"1"}}}}}]},` +
			`"address":{"M":{"name":{"S":"example"},"streetAddress":{"S":"example"},"city":{"S":"example"},"country":{"S":"DE"},"phoneNumber":{"S":"1"}}},` +
			`"deliveryPrice":{"N":"0"},"total":{"N":"1"}}}`,
	}
}
