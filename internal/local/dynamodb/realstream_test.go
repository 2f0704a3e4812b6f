package dynamodb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo"
	"orders/internal/dynamo/streamimage"
	"orders/internal/local/durable"
	"orders/internal/local/dynamodb"
	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/local/lambda"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// A realTable is a table in DynamoDB Local.
type realTable struct {
	client  *awsdynamodb.Client
	streams *dynamodbstreams.Client
	name    string
	stream  string
}

func newRealTable(t *testing.T, endpoint string) *realTable {
	table := &realTable{
		client:  dynamodbtest.Client(t, endpoint),
		streams: dynamodb.NewStreamsClient(dynamodbtest.Config(), endpoint),
		name:    dynamodbtest.Table(t, endpoint),
	}
	described, err := table.client.DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: &table.name})
	require.NoError(t, err)
	table.stream = *described.Table.LatestStreamArn
	return table
}

func (table *realTable) put(t *testing.T, document json.RawMessage) {
	item := dynamodbtest.Item(t, document)
	_, err := table.client.PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: &table.name, Item: item})
	require.NoError(t, err)
}

// changeOrder creates an order, changes it and deletes it, and returns its modifiedDates, as the
// images of its stream records have them.
func (table *realTable) changeOrder(ctx context.Context, changes int) (orderID string, dates []order.Date, err error) {
	store := &dynamo.Store{Client: table.client, Table: table.name}
	o := ordertest.Sample()
	if _, err := store.Create(ctx, o); err != nil {
		return "", nil, err
	}
	dates = append(dates, o.ModifiedDate)
	for range changes {
		_, err := store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) {
			next, err := p.ModifiedDate.Next(time.Now())
			p.ModifiedDate, o.ModifiedDate = next, next
			return p, err
		})
		if err != nil {
			return "", nil, err
		}
		dates = append(dates, o.ModifiedDate)
	}
	_, err = table.client.DeleteItem(ctx, &awsdynamodb.DeleteItemInput{
		TableName: &table.name,
		Key:       map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: o.OrderID}},
	})
	return o.OrderID, append(dates, o.ModifiedDate), err
}

// A receivedRecord is a stream record as a function receives it.
type receivedRecord struct {
	EventName string `json:"eventName"`
	Change    struct {
		Keys               struct{ OrderID struct{ S string } }
		NewImage, OldImage json.RawMessage
	} `json:"dynamodb"`
}

// A recorder is a function that keeps the records that it receives.
type recorder struct {
	t  *testing.T
	mu sync.Mutex
	of map[string][]receivedRecord // by order
}

func (a *recorder) invoke(_ context.Context, payload []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var batch struct{ Records []receivedRecord }
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, err
	}
	for _, r := range batch.Records {
		a.of[r.Change.Keys.OrderID.S] = append(a.of[r.Change.Keys.OrderID.S], r)
	}
	return nil, nil
}

func (a *recorder) total() (total int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, records := range a.of {
		total += len(records)
	}
	return total
}

// read reads the stream until the function has received that many records.
func (a *recorder) read(table *realTable, folder string, until int) {
	checkpoints, err := durable.OpenCheckpoints(folder, table.stream)
	require.NoError(a.t, err)
	reader := &dynamodb.StreamReader{Client: table.streams, StreamARN: table.stream, Checkpoints: checkpoints, Mapping: lambda.StreamMapping{
		Name: "table-update", Invoke: a.invoke, BatchSize: 10,
		OnFailure: func(lambda.FailedBatch) error { return nil }, Logger: slog.New(slog.NewTextHandler(a.t.Output(), nil)),
	}}
	ctx, stop := context.WithCancel(a.t.Context())
	defer stop()
	go func() {
		defer stop()
		for a.total() < until && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}()
	require.NoError(a.t, reader.Run(ctx))
}

func TestDynamoDBLocal(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	t.Run("every change of every order is passed on in its order", func(t *testing.T) {
		testEveryChange(t, newRealTable(t, endpoint))
	})
	t.Run("images have the content of the table", func(t *testing.T) {
		testImages(t, newRealTable(t, endpoint))
	})
	t.Run("only checkpoints that the shard can have are accepted", func(t *testing.T) {
		testCheckpoints(t, newRealTable(t, endpoint))
	})
}

func testEveryChange(t *testing.T, table *realTable) {
	const orders, changes = 20, 8
	var mu sync.Mutex
	dates := make(map[string][]order.Date)
	var all sync.WaitGroup
	for range orders {
		all.Go(func() {
			id, of, err := table.changeOrder(t.Context(), changes)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			dates[id] = of
		})
	}
	a := &recorder{t: t, of: make(map[string][]receivedRecord)}
	folder := t.TempDir()
	for _, until := range []int{50, 120, orders * (changes + 2)} { // it is stopped twice, and resumes
		a.read(table, folder, until)
	}
	all.Wait()

	require.Len(t, a.of, orders)
	for id, want := range dates {
		require.Equal(t, want, datesOf(t, a.of[id]))
	}
}

// datesOf requires that the records are those of one order, from INSERT to REMOVE, and returns
// their modifiedDates.
func datesOf(t *testing.T, records []receivedRecord) (dates []order.Date) {
	for i, r := range records {
		image := r.Change.NewImage
		switch {
		case i == 0:
			require.Equal(t, "INSERT", r.EventName)
			require.Nil(t, r.Change.OldImage)
		case i == len(records)-1:
			require.Equal(t, "REMOVE", r.EventName)
			require.Nil(t, r.Change.NewImage)
			image = r.Change.OldImage
		default:
			require.Equal(t, "MODIFY", r.EventName)
			require.JSONEq(t, string(records[i-1].Change.NewImage), string(r.Change.OldImage))
		}
		plain, err := streamimage.Parse(image)
		require.NoError(t, err)
		var o order.Order
		require.NoError(t, json.Unmarshal(plain.JSON(), &o))
		dates = append(dates, o.ModifiedDate)
	}
	return dates
}

// The item has attributes that this version does not know, and empty maps.
func testImages(t *testing.T, table *realTable) {
	id := uuid.NewString()
	document := ordertest.Original(id, uuid.NewString())
	table.put(t, document)

	a := &recorder{t: t, of: make(map[string][]receivedRecord)}
	a.read(table, t.TempDir(), 1)

	image, err := streamimage.Parse(a.of[id][0].Change.NewImage)
	require.NoError(t, err)
	require.JSONEq(t, string(document), string(image.JSON()))
}

func testCheckpoints(t *testing.T, table *realTable) {
	checkpoints, err := durable.OpenCheckpoints(t.TempDir(), table.stream)
	require.NoError(t, err)
	reader := &dynamodb.StreamReader{Client: table.streams, StreamARN: table.stream, Checkpoints: checkpoints}
	stream, err := table.streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: &table.stream})
	require.NoError(t, err)
	shardID := *stream.StreamDescription.Shards[0].ShardId
	first := *stream.StreamDescription.Shards[0].SequenceNumberRange.StartingSequenceNumber
	number := func(i int) string { return fmt.Sprintf("%0*d", len(first), i) }
	require.NoError(t, reader.VerifyCheckpoints(t.Context()), "none")
	start, err := strconv.Atoi(first)
	require.NoError(t, err)
	require.NoError(t, checkpoints.Advance(shardID, number(start+5)))
	require.NoError(t, reader.VerifyCheckpoints(t.Context()))
	require.Zero(t, checkpoints.Get(shardID), "the shard has no records, so none is repeated")

	for _, orderID := range []string{"1", "2"} {
		require.NoError(t, put(t.Context(), table.client, table.name, orderID))
	}
	for i := range 2 {
		require.NoError(t, checkpoints.Advance(shardID, number(start+i)))
		require.NoError(t, reader.VerifyCheckpoints(t.Context()))
		require.Equal(t, number(start+i), checkpoints.Get(shardID).After)
	}
	for _, impossible := range []string{number(start + 2), "999999999999999999999", "abc", "-1", "5"} {
		require.NoError(t, checkpoints.Advance(shardID, impossible))
		require.ErrorContains(t, reader.VerifyCheckpoints(t.Context()), strconv.Quote(impossible)+" is impossible")
	}
	require.NoError(t, checkpoints.End(shardID))
	require.NoError(t, reader.VerifyCheckpoints(t.Context()), "it is not read again")
	reader.Client = dynamodb.NewStreamsClient(dynamodbtest.Config(), "http://127.0.0.1:1")
	require.NotContains(t, reader.VerifyCheckpoints(t.Context()).Error(), "impossible")
}
