// Command get-order is the floor of the function of that name: one read.
package main

import (
	"context"
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

func main() {
	table := dynamodb.NewFromConfig(floor.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = floor.Endpoint("DYNAMODB") })
	lambda.Start(func(ctx context.Context, e events.APIGatewayProxyRequest) (r events.APIGatewayProxyResponse, err error) {
		err = xray.Capture(ctx, "get", func(ctx context.Context) error {
			key := map[string]types.AttributeValue{
				"orderId": &types.AttributeValueMemberS{Value: e.PathParameters["orderId"]},
			}
			name := os.Getenv("TABLE_NAME")
			out, err := table.GetItem(ctx, &dynamodb.GetItemInput{TableName: &name, Key: key, ConsistentRead: aws.Bool(true)})
			if err == nil && out.Item == nil {
				err = errors.New("no such order")
			}
			return err
		})
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: "{}"}, err
	})
}
