// Command create-order is the Lambda function that stores new orders that products, payment,
// delivery-pricing and users accept.
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
	"orders/internal/peer"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		log := telemetry.NewLogger(os.Stdout, slog.LevelInfo)
		log.Error("create-order failed to start", slog.String("error", err.Error()))
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
		func(inProcess http.RoundTripper) (*handler.CreateOrder, error) {
			return newHandler(getenv, io.Discard, inProcess)
		})
	lambda.StartWithOptions(h)
	return nil
}

// newHandler connects the handler to what the environment names. Logs and metrics go to output,
// requests to transport.
func newHandler(getenv func(name string) string, output io.Writer, transport http.RoundTripper) (*handler.CreateOrder, error) {
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
	if urls.Users == "" {
		telemetry.NewLogger(output, slog.LevelInfo).Info("users check off: USERS_API_URL is empty") // at every LOG_LEVEL
	}
	cfg.HTTPClient = safehttp.NewClient(transport, 0)
	tracer.InstrumentAWS(&cfg)
	store := &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: table}
	signed := safehttp.Sign(tracer.Transport(transport), safehttp.APIGateway, cfg.Credentials, cfg.Region)
	checkers := tracer.Checkers(metrics.Checkers(peer.New(urls, peer.Options{Transport: signed, Log: log})))
	orders := &order.Service{Store: store, Checkers: checkers}
	return &handler.CreateOrder{Orders: orders, Metrics: metrics, Responses: metrics, Log: log}, nil
}
