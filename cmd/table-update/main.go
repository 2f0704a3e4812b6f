// Command table-update is the Lambda function that announces every change of the table on the event bus.
package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/dynamo/streamimage"
	"orders/internal/environment"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/telemetry"
)

func main() {
	h, err := newHandler(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.NewLogger(os.Stdout, slog.LevelInfo).Error("table-update failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
	tuneCollector()
	lambda.StartWithOptions(h)
}

// tuneCollector lets garbage grow to four times what is in use, which takes a third off the CPU of a usual batch. The
// limit, from which on it collects as often as it must, keeps the largest batch well within the function's memory.
func tuneCollector() {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(128 << 20)
}

// newHandler joins the handler to what the environment names. Logs and metrics go to output.
func newHandler(getenv func(name string) string, output io.Writer) (*handler.TableUpdate, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	bus := env.Text("EVENT_BUS_NAME")
	cfg, endpoint := env.AWS(), env.Endpoint("EVENTBRIDGE")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	telemetry.Install(log)
	tracer.InstrumentAWS(&cfg)
	return &handler.TableUpdate{
		Publisher:   &eventbus.Publisher{Client: eventbus.NewClient(cfg, endpoint), Bus: bus},
		Image:       streamimage.Parse,
		TraceHeader: tracer.TraceHeader,
		Log:         log,
	}, nil
}
