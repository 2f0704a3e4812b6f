package local

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/dynamo/streamimage"
	"orders/internal/local/lambda"
	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// realRecord has the names and types of a record of DynamoDB's stream.
const realRecord = `{
	"eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
	"dynamodb": {
		"ApproximateCreationDateTime": 1769165629,
		"Keys": {"orderId": {"S": "6f1d0c3e"}},
		"NewImage": {"orderId": {"S": "6f1d0c3e"}},
		"OldImage": {"orderId": {"S": "6f1d0c3e"}},
		"SequenceNumber": "4421584500000000017450439092", "SizeBytes": 59, "StreamViewType": "NEW_AND_OLD_IMAGES"
	},
	"eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-23T10:53:49.131"
}`

var written = time.Date(2026, 1, 23, 10, 53, 49, 131052000, time.UTC)

// streamRecords returns the records of a store in which an order was created, changed and deleted.
func streamRecords(t *testing.T, o order.Order) []lambda.Record {
	t.Helper()
	store := &memory.Store{Now: func() time.Time { return written }}
	_, err := store.Create(t.Context(), o)
	require.NoError(t, err)
	_, err = store.Update(t.Context(), o.OrderID, func(p order.Progress) (order.Progress, error) {
		p.Status = order.Packaged
		return p, nil
	})
	require.NoError(t, err)
	require.NoError(t, store.Delete(t.Context(), o.OrderID))
	records, err := memoryStream{store, "eu-west-1"}.Read(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, records, 3)
	return records
}

// shape returns a JSON object with every value replaced by its type, and every image by "image".
func shape(t *testing.T, record json.RawMessage) map[string]any {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal(record, &members))
	for name, value := range members {
		switch v := value.(type) {
		case string:
			members[name] = "string"
		case float64:
			members[name] = "number"
		case map[string]any:
			if name == "NewImage" || name == "OldImage" {
				members[name] = "image"
				continue
			}
			inner, err := json.Marshal(v)
			require.NoError(t, err)
			members[name] = shape(t, inner)
		}
	}
	return members
}

func TestRecordsHaveTheShapeOfARealStream(t *testing.T) {
	records := streamRecords(t, ordertest.Sample())
	for i, absent := range []string{"OldImage", "", "NewImage"} {
		want := shape(t, json.RawMessage(realRecord))
		delete(want["dynamodb"].(map[string]any), absent)
		require.Equal(t, want, shape(t, records[i].Data))
	}
}

func TestRecordsDescribeTheChanges(t *testing.T) {
	o := ordertest.Sample()
	for i, record := range streamRecords(t, o) {
		decoder := json.NewDecoder(bytes.NewReader(record.Data))
		decoder.DisallowUnknownFields()
		var got events.DynamoDBEventRecord
		require.NoError(t, decoder.Decode(&got))
		require.Equal(t, []string{"INSERT", "MODIFY", "REMOVE"}[i], got.EventName)
		require.Equal(t, o.OrderID, got.Change.Keys["orderId"].String())
		require.Equal(t, record.SequenceNumber, got.Change.SequenceNumber)
		require.Equal(t, written.Truncate(time.Second), got.Change.ApproximateCreationDateTime.UTC())
		require.Equal(t, "eu-west-1", got.AWSRegion)
		require.Equal(t, "arn:aws:dynamodb:eu-west-1:000000000000:table/local-orders/stream/local", got.EventSourceArn)
		require.Equal(t, string(events.DynamoDBStreamViewTypeNewAndOldImages), got.Change.StreamViewType)
		require.Positive(t, got.Change.SizeBytes)
		for _, image := range []map[string]events.DynamoDBAttributeValue{got.Change.OldImage, got.Change.NewImage} {
			if len(image) > 0 {
				require.Equal(t, o.UserID, image["userId"].String())
				require.Len(t, image["products"].List(), len(o.Products))
			}
		}
	}
}

func TestSequenceNumbersAscend(t *testing.T) {
	store := &memory.Store{}
	for range 3 {
		_, err := store.Create(t.Context(), ordertest.Sample())
		require.NoError(t, err)
	}
	stream := memoryStream{store, "eu-west-1"}
	all, err := stream.Read(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.True(t, slices.IsSortedFunc(all, func(a, b lambda.Record) int { return lambda.CompareSequenceNumbers(a.SequenceNumber, b.SequenceNumber) }))
	rest, err := stream.Read(t.Context(), all[0].SequenceNumber, 1)
	require.NoError(t, err)
	require.Equal(t, all[1:2], rest)
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := memoryStream{&memory.Store{}, "eu-west-1"}.Read(ctx, "", 10)
	require.ErrorIs(t, err, context.Canceled)
}

func TestDocumentWithoutImageIsNamedByItsSequenceNumber(t *testing.T) {
	document := slices.Concat([]byte(`{"orderId":"1","a":`), bytes.Repeat([]byte(`[`), 200), bytes.Repeat([]byte(`]`), 200), []byte(`}`))
	store := &memory.Store{}
	require.NoError(t, store.Put(t.Context(), document))
	_, err := memoryStream{store, "eu-west-1"}.Read(t.Context(), "", 10)
	require.ErrorContains(t, err, "stream record 000000000000000000001: new image: ")
}

func TestImagesReachTableUpdateUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := ordertest.Orders().Draw(t, "order")
		store := &memory.Store{}
		_, err := store.Create(t.Context(), o)
		require.NoError(t, err)
		records, err := memoryStream{store, "eu-west-1"}.Read(t.Context(), "", 1)
		require.NoError(t, err)
		var record struct {
			Dynamodb struct{ NewImage json.RawMessage }
		}
		require.NoError(t, json.Unmarshal(records[0].Data, &record))
		parsed, err := streamimage.Parse(record.Dynamodb.NewImage)
		require.NoError(t, err)
		want, err := json.Marshal(o)
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(parsed.JSON()))
	})
}

func TestUnknownAttributesAreKept(t *testing.T) {
	document := ordertest.Original(order.IDFor("token"), "ida")
	encoded, err := image(document)
	require.NoError(t, err)
	parsed, err := streamimage.Parse(encoded)
	require.NoError(t, err)
	require.JSONEq(t, string(document), string(parsed.JSON()))
}
