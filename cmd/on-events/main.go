// Command on-events is the Lambda function that applies fulfilment updates from warehouse and
// delivery to orders.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		log := telemetry.NewLogger(os.Stdout, slog.LevelInfo)
		log.Error("on-events failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
}

// run handles events until Lambda ends the process, and returns an error if the environment is
// incomplete.
func run(ctx context.Context, getenv func(name string) string, output io.Writer) error {
	transport := safehttp.NewTransport()
	h, err := newHandler(getenv, output, transport)
	if err != nil {
		return err
	}
	telemetry.Install(h.Log)
	coldstart.Prepare(telemetry.ContextWithDiscardedTrace(ctx), transport, example(),
		func(inProcess http.RoundTripper) (*handler.OnEvents, error) {
			return newHandler(getenv, io.Discard, inProcess)
		})
	lambda.StartWithOptions(h)
	return nil
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (*handler.OnEvents, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	metrics := telemetry.NewMetrics(output, env.Text("ENVIRONMENT"), nil)
	table := env.Text("TABLE_NAME")
	cfg, endpoint := env.AWS(), env.Endpoint("DYNAMODB")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	cfg.HTTPClient = safehttp.NewClient(transport, 0)
	tracer.InstrumentAWS(&cfg)
	store := &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table}
	return &handler.OnEvents{Orders: &order.Service{Store: store}, Metrics: metrics, UpdateAges: metrics, Log: log}, nil
}
