// Command on-events is the floor of the function of that name: one read, then one write.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-xray-sdk-go/v2/xray"

	"orders/internal/floor"
)

// An update is an EventBridge event.
type update struct{ Resources []string }

func main() {
	table := dynamodb.NewFromConfig(floor.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = floor.Endpoint("DYNAMODB") })
	lambda.Start(func(ctx context.Context, e events.SQSEvent) (r events.SQSEventResponse, err error) {
		for _, message := range e.Records {
			var u update
			if err := json.Unmarshal([]byte(message.Body), &u); err != nil {
				return r, err
			}
			err := xray.Capture(ctx, "apply", func(ctx context.Context) error { return apply(ctx, table, u.Resources[0]) })
			if err != nil {
				return r, err
			}
		}
		return r, nil
	})
}

func apply(ctx context.Context, table *dynamodb.Client, orderID string) error {
	name := os.Getenv("TABLE_NAME")
	key := map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}}
	out, err := table.GetItem(ctx, &dynamodb.GetItemInput{TableName: &name, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return err
	}
	if out.Item == nil {
		return errors.New("no such order")
	}
	_, err = table.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &name, Key: key,
		UpdateExpression:         aws.String("SET #status = :packaged"),
		ConditionExpression:      aws.String("#status = :new"),
		ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":new":      &types.AttributeValueMemberS{Value: "NEW"},
			":packaged": &types.AttributeValueMemberS{Value: "PACKAGED"},
		},
	})
	return err
}
