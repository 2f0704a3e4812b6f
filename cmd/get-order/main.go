// Command get-order is the Lambda function that reads orders, for users and for other services.
package main

import (
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/telemetry"
)

func main() {
	h, err := newHandler(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.NewLogger(os.Stdout, slog.LevelInfo).Error("get-order failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
	lambda.StartWithOptions(h)
}

// newHandler joins the handler to what the environment names. Logs and metrics go to output.
func newHandler(getenv func(name string) string, output io.Writer) (*handler.GetOrder, error) {
	env := environment.NewReader(getenv)
	log := telemetry.NewLogger(output, environment.Parse(env, "LOG_LEVEL", telemetry.ParseLevel))
	table := env.Text("TABLE_NAME")
	cfg, endpoint := env.AWS(), env.Endpoint("DYNAMODB")
	tracer, err := telemetry.NewTracer(getenv)
	if err := errors.Join(env.Err(), err); err != nil {
		return nil, err
	}
	telemetry.Install(log)
	tracer.InstrumentAWS(&cfg)
	store := &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table}
	return &handler.GetOrder{Orders: &order.Service{Store: store}, Log: log}, nil
}
