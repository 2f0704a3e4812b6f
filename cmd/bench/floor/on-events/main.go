// Command on-events is the floor of the function of that name: one read, then one write.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-xray-sdk-go/v2/xray"

	"orders/internal/floor"
)

type event struct{ Resources []string }

func main() {
	table := dynamodb.NewFromConfig(floor.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = floor.Endpoint("DYNAMODB") })
	lambda.Start(func(ctx context.Context, e event) error {
		return xray.Capture(ctx, "apply", func(ctx context.Context) error { return apply(ctx, table, e.Resources[0]) })
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
