package dynamodb_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb"
	"orders/internal/local/dynamodb/dynamodbtest"
)

func TestEnsureTable(t *testing.T) {
	client := dynamodbtest.Client(t, dynamodbtest.Start(t))
	t.Run("concurrent calls create one table", func(t *testing.T) { testConcurrentCreation(t, client) })
	t.Run("a table without a stream is an error", func(t *testing.T) { testTableWithoutStream(t, client) })
}

func testConcurrentCreation(t *testing.T, client *awsdynamodb.Client) {
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = dynamodb.EnsureTable(t.Context(), client, "orders") })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))

	out, err := client.DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: aws.String("orders")})
	require.NoError(t, err)
	require.Equal(t, types.TableStatusActive, out.Table.TableStatus)
	require.Equal(t, []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}}, out.Table.KeySchema)
	require.Equal(t, types.BillingModePayPerRequest, out.Table.BillingModeSummary.BillingMode)
	require.Equal(t, types.StreamViewTypeNewAndOldImages, out.Table.StreamSpecification.StreamViewType)
	require.Len(t, out.Table.GlobalSecondaryIndexes, 1)
	index := out.Table.GlobalSecondaryIndexes[0]
	require.Equal(t, "user", *index.IndexName)
	require.Equal(t, types.IndexStatusActive, index.IndexStatus)
	require.Equal(t, types.ProjectionTypeAll, index.Projection.ProjectionType)
	require.Equal(t, []types.KeySchemaElement{
		{AttributeName: aws.String("userId"), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String("createdDate"), KeyType: types.KeyTypeRange},
	}, index.KeySchema)
}

func testTableWithoutStream(t *testing.T, client *awsdynamodb.Client) {
	_, err := client.CreateTable(t.Context(), &awsdynamodb.CreateTableInput{
		TableName:            aws.String("silent"),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("orderId"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("orderId"), KeyType: types.KeyTypeHash}},
		BillingMode:          types.BillingModePayPerRequest,
	})
	require.NoError(t, err)
	require.EqualError(t, dynamodb.EnsureTable(t.Context(), client, "silent"), "table silent has no stream of new and old images")
}
