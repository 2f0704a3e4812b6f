// Command table-update is the floor of the function of that name: the new images of all records,
// decoded by the SDK and published ten at a time, all at once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-xray-sdk-go/v2/xray"

	"orders/internal/floor"
)

func main() {
	bus := eventbridge.NewFromConfig(floor.Config(), func(o *eventbridge.Options) { o.BaseEndpoint = floor.Endpoint("EVENTBRIDGE") })
	lambda.Start(func(ctx context.Context, e events.DynamoDBEvent) error {
		return xray.Capture(ctx, "publish", func(ctx context.Context) error { return publish(ctx, bus, e.Records) })
	})
}

func publish(ctx context.Context, bus *eventbridge.Client, records []events.DynamoDBEventRecord) error {
	entries := make([]types.PutEventsRequestEntry, len(records))
	for i, r := range records {
		detail, err := json.Marshal(object(r.Change.NewImage))
		if err != nil {
			return err
		}
		entries[i] = types.PutEventsRequestEntry{
			EventBusName: aws.String(os.Getenv("EVENT_BUS_NAME")), Source: aws.String("ecommerce.orders"),
			DetailType: aws.String("OrderCreated"), Detail: aws.String(string(detail)),
			Resources: []string{r.Change.Keys["orderId"].String()},
		}
	}
	var calls sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for part := range slices.Chunk(entries, 10) {
		calls.Go(func() {
			out, err := bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: part})
			if err == nil && out.FailedEntryCount > 0 {
				err = errors.New("entries were rejected")
			}
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	calls.Wait()
	return errors.Join(errs...)
}

func object(attributes map[string]events.DynamoDBAttributeValue) map[string]any {
	out := make(map[string]any, len(attributes))
	for name, a := range attributes {
		out[name] = plain(a)
	}
	return out
}

func plain(a events.DynamoDBAttributeValue) any {
	switch a.DataType() {
	case events.DataTypeMap:
		return object(a.Map())
	case events.DataTypeList:
		list := make([]any, len(a.List()))
		for i, element := range a.List() {
			list[i] = plain(element)
		}
		return list
	case events.DataTypeNumber:
		return json.Number(a.Number())
	}
	return a.String()
}
