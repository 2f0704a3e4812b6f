// Command table-update is the Lambda function that publishes every change of the table on the event
// bus.
package main

import (
	"errors"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/deadletter"
	"orders/internal/dynamo/streamimage"
	"orders/internal/environment"
	"orders/internal/eventbus"
	"orders/internal/function"
	"orders/internal/handler"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	tuneCollector()
	function.Main("table-update", newHandler, example())
}

// tuneCollector lets garbage grow to four times the live heap, which saves a third of the CPU of a
// usual batch. Above the memory limit, a quarter of the function's memory, the collector runs as
// often as necessary, so that the largest batch stays far below the whole.
func tuneCollector() {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(128 << 20)
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (lambda.Handler, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	metrics := telemetry.NewMetrics(output, env.Text("ENVIRONMENT"), nil)
	bus := env.Text("EVENT_BUS_NAME")
	deadLetters := env.URL("DEAD_LETTER_QUEUE_URL")
	cfg, endpoint := env.AWS(), env.Endpoint("EVENTBRIDGE")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	telemetry.Install(log)
	cfg.HTTPClient = safehttp.NewClient(transport, 0)
	tracer.InstrumentAWS(&cfg)
	return &handler.TableUpdate{
		Publisher:   &eventbus.Publisher{Client: eventbus.NewClient(cfg, endpoint), Bus: bus},
		Image:       streamimage.Parse,
		TraceHeader: tracer.TraceHeader,
		DeadLetters: deadletter.NewQueue(cfg, deadLetters, tracer.Transport(transport)),
		Metrics:     metrics,
		Log:         log,
	}, nil
}

// example returns a stream record whose event the bus accepts with the response.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"orderId":{"S":"example"}},` +
			`"NewImage":{"orderId":{"S":"example"},"total":{"N":"1"},"products":{"L":[{"M":{"productId":{"S":"example"}}}]}}}}]}`,
		Response: `{"FailedEntryCount":0,"Entries":[{"EventId":"example"}]}`,
	}
}
