// Command table-update is the Lambda function that publishes every change of the table on the event
// bus.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/deadletter"
	"orders/internal/dynamo/streamimage"
	"orders/internal/environment"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		log := telemetry.NewLogger(os.Stdout, slog.LevelInfo)
		log.Error("table-update failed to start", slog.String("error", err.Error()))
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
	tuneCollector()
	coldstart.Prepare(telemetry.ContextWithDiscardedTrace(ctx), transport, example(),
		func(inProcess http.RoundTripper) (*handler.TableUpdate, error) {
			return newHandler(getenv, io.Discard, inProcess)
		})
	lambda.StartWithOptions(h)
	return nil
}

// tuneCollector lets garbage grow to four times the live heap, which saves a third of the CPU of a
// usual batch. The memory limit, above which the collector runs as often as necessary, keeps the
// largest batch within the function's memory.
func tuneCollector() {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(128 << 20)
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (*handler.TableUpdate, error) {
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
