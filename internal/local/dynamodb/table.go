// Package table makes the orders table where there is none.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	poll     = 20 * time.Millisecond
	patience = time.Minute
)

// EnsureTable makes the table of contract section 2 if there is none of that name, and returns when it is active. Any
// number of callers may do so at once. A table that is there already is left as it is; the error is for one without a
// stream of new and old images, since its changes could not be announced.
func EnsureTable(ctx context.Context, client *dynamodb.Client, name string) error {
	_, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if _, absent := errors.AsType[*types.ResourceNotFoundException](err); absent {
		_, err = client.CreateTable(ctx, definition(name))
		if _, made := errors.AsType[*types.ResourceInUseException](err); made { // by another, just now
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("make table %s: %w", name, err)
	}
	active, err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = poll, time.Second
	}).WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)}, patience)
	if err != nil {
		return fmt.Errorf("wait for table %s: %w", name, err)
	}
	stream := active.Table.StreamSpecification
	if stream == nil || stream.StreamViewType != types.StreamViewTypeNewAndOldImages {
		return fmt.Errorf("table %s has no stream of new and old images", name)
	}
	return nil
}

func definition(name string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            aws.String(name),
		AttributeDefinitions: []types.AttributeDefinition{text("orderId"), text("userId"), text("createdDate")},
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

func text(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
}

func key(name string, kind types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
}
