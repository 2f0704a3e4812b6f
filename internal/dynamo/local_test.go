package dynamo

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/order/ordertest"
	"orders/internal/strictjson"
)

// TestOnDynamoDBLocal runs everything that needs AWS's own DynamoDB. The server takes a while to
// start, so all share one.
func TestOnDynamoDBLocal(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	table := realTable{endpoint, dynamodbtest.Table(t, endpoint), dynamodbtest.Client(t, endpoint)}
	for _, test := range []struct {
		name string
		run  func(*testing.T, realTable)
	}{
		{"a store meets its contract", meetsItsContract},
		{"an order of the original platform is published whole", publishesOriginalsWhole},
		{"fulfilment updates read and write only the progress", updatesOnlyTheProgress},
		{"create is one write, get is one read", createsAndReadsWithOneRequest},
		{"a call recovers from a fault", recoversFromAFault},
		{"a call with a dropped response is carried out once", survivesADroppedResponse},
		{"one of many calls with dropped responses wins", hasOneWinnerWithDroppedResponses},
		{"an outage leaves nothing half-done", leavesNothingHalfDone},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, table) })
	}
}

// A realTable is the orders table in DynamoDB Local.
type realTable struct {
	endpoint string
	name     string
	client   *dynamodb.Client // bypasses the store
}

// patient suits a machine that runs many tests at once.
var patient = Timing{Attempt: 20 * time.Second, FirstDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}

// store returns a store that reaches the table through an endpoint: its own, or a proxy's.
func (r realTable) store(t *testing.T, endpoint string, timing Timing) *Store {
	client := NewClient(dynamodbtest.Config(), endpoint, timing)
	t.Cleanup(client.Options().HTTPClient.(*http.Client).CloseIdleConnections)
	return &Store{Client: client, Table: r.name, Budget: time.Minute}
}

func (r realTable) seed(t *testing.T, document json.RawMessage) {
	item := dynamodbtest.Item(t, document)
	_, err := r.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(r.name), Item: item})
	require.NoError(t, err)
}

// stored returns the document of an order, or nil if there is none.
func (r realTable) stored(t *testing.T, orderID string) json.RawMessage {
	out, err := r.client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(r.name), Key: keyOf(orderID), ConsistentRead: aws.Bool(true),
	})
	require.NoError(t, err)
	if len(out.Item) == 0 {
		return nil
	}
	document, err := strictjson.Marshal(plain(out.Item))
	require.NoError(t, err)
	return document
}

func meetsItsContract(t *testing.T, table realTable) {
	ordertest.TestStore(t, func(t *testing.T) ordertest.Fixture {
		return ordertest.Fixture{Store: table.store(t, table.endpoint, patient), Seed: table.seed, Stored: table.stored}
	})
}
