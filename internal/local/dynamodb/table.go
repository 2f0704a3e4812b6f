package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

const (
	tablePoll    = 20 * time.Millisecond
	tableTimeout = time.Minute

	responsePoll   = 200 * time.Millisecond
	errorResponses = 20 // before WaitForResponse fails
)

// WaitForResponse returns when the server responds to a question about a table, whether the table
// exists or not. It returns an error at the end of ctx, and if the server keeps responding with
// errors, as DynamoDB Local does if it cannot read its database.
func WaitForResponse(ctx context.Context, client *dynamodb.Client, table string) error {
	once := func(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
	for failures := 1; ; failures++ {
		_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(table)}, once)
		if err == nil || is[*types.ResourceNotFoundException](err) {
			return nil
		}
		if is[smithy.APIError](err) && failures >= errorResponses || sleep(ctx, responsePoll) != nil {
			return fmt.Errorf("no valid response from DynamoDB: %w", err)
		}
	}
}

// EnsureTable creates the orders table if there is no table of that name, and returns when it is
// active. Any number of callers may do so at once. An existing table is left as it is; the error
// says if it has no stream of new and old images, because its changes could not be published.
func EnsureTable(ctx context.Context, client *dynamodb.Client, name string) error {
	_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if is[*types.ResourceNotFoundException](err) {
		_, err = client.CreateTable(ctx, ordersTable(name))
		if is[*types.ResourceInUseException](err) { // another caller was faster
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	active, err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = tablePoll, time.Second
	}).WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)}, tableTimeout)
	if err != nil {
		return fmt.Errorf("wait for table %s: %w", name, err)
	}
	stream := active.Table.StreamSpecification
	if stream == nil || stream.StreamViewType != types.StreamViewTypeNewAndOldImages {
		return fmt.Errorf("table %s has no stream of new and old images", name)
	}
	return nil
}

func ordersTable(name string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            aws.String(name),
		AttributeDefinitions: []types.AttributeDefinition{stringAttribute("orderId"), stringAttribute("userId"), stringAttribute("createdDate")},
		KeySchema:            []types.KeySchemaElement{key("orderId", types.KeyTypeHash)},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String("user"),
			KeySchema:  []types.KeySchemaElement{key("userId", types.KeyTypeHash), key("createdDate", types.KeyTypeRange)},
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		}},
		StreamSpecification: &types.StreamSpecification{
			StreamEnabled:  aws.Bool(true),
			StreamViewType: types.StreamViewTypeNewAndOldImages,
		},
		BillingMode: types.BillingModePayPerRequest,
	}
}

func stringAttribute(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
}

func key(name string, kind types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
