// Command create-order is the Lambda function that stores new orders once products, payment, delivery-pricing and
// users agree.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/handler"
	"orders/internal/order"
	"orders/internal/peer"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	h, err := newHandler(os.Getenv, os.Stdout)
	if err != nil {
		telemetry.NewLogger(os.Stdout, slog.LevelInfo).Error("create-order failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
	connect(h)
	lambda.StartWithOptions(h)
}

// connect opens the connection to the table, whose turn comes behind the checks: on a cold start they need not wait for
// each other. It ends by itself, soon.
func connect(h *handler.CreateOrder) {
	if store, ok := h.Orders.Store.(*dynamo.Store); ok {
		go store.Connect(context.Background())
	}
}

// newHandler joins the handler to what the environment names. Logs and metrics go to output.
func newHandler(getenv func(name string) string, output io.Writer) (*handler.CreateOrder, error) {
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
		telemetry.NewLogger(output, slog.LevelInfo).Info("the users check is off: USERS_API_URL is empty") // at any LOG_LEVEL
	}
	tracer.InstrumentAWS(&cfg)
	signed := safehttp.Sign(tracer.Transport(safehttp.NewTransport()), cfg.Credentials, cfg.Region)
	return &handler.CreateOrder{
		Orders: &order.Service{
			Store:    &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table},
			Checkers: tracer.Checkers(peer.New(urls, peer.Options{Transport: signed, Log: log})),
		},
		Metrics: metrics,
		Log:     log,
	}, nil
}
