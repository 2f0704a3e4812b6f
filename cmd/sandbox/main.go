// Command sandbox is the Lambda function that plays the platform around the orders service in an
// account that has none: products, delivery-pricing, payment and users behind API Gateway, and
// warehouse and delivery on the event bus. It serves the fakes of the local service.
//
// resources/sandbox.yaml deploys it. Never deploy it where real customers order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"orders/internal/environment"
	"orders/internal/eventbus"
	"orders/internal/telemetry"
)

func main() {
	h, err := newHandler(os.Getenv, os.Stdout)
	if err != nil {
		log := telemetry.NewLogger(os.Stdout, slog.LevelInfo)
		log.Error("sandbox failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
	lambda.StartWithOptions(h)
}

// newHandler connects the fakes to the event bus that the environment names. All instances of the
// function sign payment tokens with the same key.
func newHandler(getenv func(name string) string, output io.Writer) (*platform, error) {
	env := environment.NewReader(getenv)
	bus, key := env.Text("EVENT_BUS_NAME"), env.Text("TOKEN_KEY")
	cfg, endpoint := env.AWS(), env.Endpoint("EVENTBRIDGE")
	if err := env.Err(); err != nil {
		return nil, err
	}
	telemetry.Install(telemetry.NewLogger(output, slog.LevelInfo))
	client := eventbus.NewClient(cfg, endpoint)
	return newPlatform([]byte(key), func(source, detailType string, resources []string, detail json.RawMessage) error {
		return put(client, bus, source, detailType, resources, detail)
	}), nil
}

// put puts one event on the bus. EventBridge repeats the event that caused it if that fails.
func put(client *eventbridge.Client, bus, source, detailType string, resources []string, detail json.RawMessage) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	output, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: aws.String(bus), Source: aws.String(source), DetailType: aws.String(detailType),
		Resources: resources, Detail: aws.String(string(detail)),
	}}})
	if err != nil {
		return fmt.Errorf("put %s: %w", detailType, err)
	}
	if output.FailedEntryCount > 0 {
		return fmt.Errorf("put %s: %w", detailType, errors.New(aws.ToString(output.Entries[0].ErrorCode)))
	}
	return nil
}
