package dynamo

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodblocal/dynamodbtest"
	"orders/internal/order/ordertest"
)

// TestOnDynamoDBLocal is everything that is shown on AWS's own DynamoDB. It takes a while to start, so that all share
// one server.
func TestOnDynamoDBLocal(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	table := realTable{endpoint, dynamodbtest.Table(t, endpoint), dynamodbtest.Client(t, endpoint)}
	for _, shown := range []struct {
		text string
		test func(*testing.T, realTable)
	}{
		{"a store keeps its promises", keepsItsPromises},
		{"an order of the original platform is announced whole", announcesOriginalsWhole},
		{"following events reads and writes the progress alone", followsWithProgressAlone},
		{"creating is one write, reading one read", createsAndReadsAtOnce},
		{"a call outlasts a fault", outlastsAFault},
		{"a call whose answer got lost is done once", survivesALostAnswer},
		{"of many whose answers got lost one wins", hasOneWinnerThoughAnswersGetLost},
		{"an outage leaves nothing half-done", leavesNothingHalfDone},
	} {
		t.Run(shown.text, func(t *testing.T) { shown.test(t, table) })
	}
}

// A realTable is the orders table in DynamoDB Local.
type realTable struct {
	endpoint string
	name     string
	client   *dynamodb.Client // to look past the store
}

// patient is for a machine that has many tests to run at once.
var patient = Timing{Attempt: 20 * time.Second, FirstDelay: time.Millisecond, MaxDelay: 20 * time.Millisecond}

// store reaches the table by an endpoint: its own, or a proxy's. However patient an attempt is, so is the call.
func (r realTable) store(t *testing.T, endpoint string, timing Timing) *Store {
	client := NewClient(dynamodbtest.Config(), endpoint, timing)
	t.Cleanup(client.Options().HTTPClient.(*http.Client).CloseIdleConnections)
	return &Store{Client: client, Table: r.name, Budget: time.Minute}
}

func (r realTable) seed(t *testing.T, document json.RawMessage) {
	stored, err := EncodeItem(document)
	require.NoError(t, err)
	_, err = r.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(r.name), Item: stored})
	require.NoError(t, err)
}

// stored is the document of an order, or nil if there is none.
func (r realTable) stored(t *testing.T, orderID string) json.RawMessage {
	out, err := r.client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(r.name), Key: keyOf(orderID), ConsistentRead: aws.Bool(true),
	})
	require.NoError(t, err)
	if len(out.Item) == 0 {
		return nil
	}
	image, err := imageOf(out.Item)
	require.NoError(t, err)
	return image.JSON()
}

func keepsItsPromises(t *testing.T, table realTable) {
	ordertest.TestStore(t, func(t *testing.T) ordertest.Subject {
		return ordertest.Subject{Store: table.store(t, table.endpoint, patient), Seed: table.seed, Stored: table.stored}
	})
}
