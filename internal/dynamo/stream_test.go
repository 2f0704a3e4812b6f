package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/handler"
	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// publishesOriginalsWhole takes an order of the original platform, with attributes of every type
// that DynamoDB has, from the table through its real stream to the published events.
func publishesOriginalsWhole(t *testing.T, table realTable) {
	table.name = dynamodbtest.Table(t, table.endpoint)
	o := ordertest.Sample()
	item := dynamodbtest.Item(t, ordertest.Original(o.OrderID, o.UserID))
	item["tags"] = &types.AttributeValueMemberSS{Value: []string{"b", "a"}}
	item["sizes"] = &types.AttributeValueMemberNS{Value: []string{"10", "2.5"}}
	item["seal"] = &types.AttributeValueMemberB{Value: []byte{0, 255}}
	item["seals"] = &types.AttributeValueMemberBS{Value: [][]byte{{1}, {0, 255}}}
	_, err := table.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.name), Item: item})
	require.NoError(t, err)
	before := table.stored(t, o.OrderID)

	service := order.Service{Store: table.store(t, table.endpoint, patient)}
	_, err = service.Apply(t.Context(), o.OrderID, order.FulfilmentUpdate{
		Status: order.Packaged, Package: []order.PackedProduct{{ProductID: "lamp", Quantity: 1}, {ProductID: "mug", Quantity: 1}},
	})
	require.NoError(t, err)
	after := table.stored(t, o.OrderID)

	var published publisher
	function := handler.TableUpdate{
		Publisher: &published, Image: streamimage.Parse, Log: slog.New(slog.DiscardHandler),
		TraceHeader: func(context.Context) string { return "" },
	}
	response, err := function.Invoke(t.Context(), streamBatch(t, table, 2))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))

	modification, err := json.Marshal(order.Modification{Old: before, New: after, Changed: []string{"history", "modifiedDate", "products", "status", "total"}})
	require.NoError(t, err)
	require.Len(t, published.events, 2)
	require.Equal(t, order.OrderCreated, published.events[0].Type)
	require.JSONEq(t, string(before), string(published.events[0].Detail))
	require.Equal(t, order.OrderModified, published.events[1].Type)
	require.JSONEq(t, string(modification), string(published.events[1].Detail))
	requireKept(t, before, after)
}

// requireKept requires that packing kept the attributes that this version does not know.
func requireKept(t *testing.T, before, after json.RawMessage) {
	var was, is map[string]any
	require.NoError(t, json.Unmarshal(before, &was))
	require.NoError(t, json.Unmarshal(after, &is))
	for _, name := range fulfilmentAttributes {
		require.NotEqual(t, was[name], is[name], name)
		delete(was, name)
		if name != "products" {
			delete(is, name)
		}
	}
	lamp := is["products"].([]any)[0].(map[string]any)
	require.Equal(t, 4.75, lamp["rating"])
	require.Equal(t, true, lamp["package"].(map[string]any)["fragile"])
	delete(is, "products")
	require.Contains(t, is, "giftWrap")
	require.Equal(t, []any{"a", "b"}, is["tags"])
	require.Equal(t, was, is)
}

type publisher struct{ events []order.Event }

func (p *publisher) Publish(_ context.Context, events []order.Event) []error {
	p.events = append(p.events, events...)
	return make([]error, len(events))
}

// streamBatch returns all records of the table's stream, which must be that many, as the event that
// Lambda passes on.
func streamBatch(t *testing.T, table realTable, count int) json.RawMessage {
	streams := dynamodbstreams.NewFromConfig(dynamodbtest.Config(), func(o *dynamodbstreams.Options) {
		o.BaseEndpoint = aws.String(table.endpoint)
		o.HTTPClient = &http.Client{Transport: emptyMaps{dynamodbtest.Connections(t).Transport}}
	})
	described, err := table.client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table.name)})
	require.NoError(t, err)
	arn := described.Table.LatestStreamArn
	stream, err := streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	require.NoError(t, err)
	var records []any
	for _, shard := range stream.StreamDescription.Shards {
		begin, err := streams.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{
			StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
		})
		require.NoError(t, err)
		out, err := streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: begin.ShardIterator})
		require.NoError(t, err)
		for _, record := range out.Records {
			records = append(records, lambdaRecord(t, record, *arn))
		}
	}
	require.Len(t, records, count)
	batch, err := json.Marshal(map[string]any{"Records": records})
	require.NoError(t, err)
	return batch
}

// emptyMaps corrects responses: the stream of DynamoDB Local writes an empty map as {}, not as
// {"M":{}}.
type emptyMaps struct{ next http.RoundTripper }

func (e emptyMaps) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	body = bytes.ReplaceAll(body, []byte(`:{}`), []byte(`:{"M":{}}`))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return response, err
}

func lambdaRecord(t *testing.T, record streamtypes.Record, arn string) any {
	change := map[string]any{
		"ApproximateCreationDateTime": record.Dynamodb.ApproximateCreationDateTime.Unix(),
		"Keys":                        typed(t, record.Dynamodb.Keys),
		"SequenceNumber":              record.Dynamodb.SequenceNumber,
		"SizeBytes":                   record.Dynamodb.SizeBytes,
		"StreamViewType":              record.Dynamodb.StreamViewType,
	}
	for name, values := range map[string]map[string]streamtypes.AttributeValue{
		"OldImage": record.Dynamodb.OldImage, "NewImage": record.Dynamodb.NewImage,
	} {
		if len(values) > 0 {
			change[name] = typed(t, values)
		}
	}
	return map[string]any{
		"eventID": record.EventID, "eventName": record.EventName, "eventVersion": record.EventVersion,
		"eventSource": record.EventSource, "awsRegion": record.AwsRegion, "eventSourceARN": arn, "dynamodb": change,
	}
}

// typed returns the SDK's values as the stream's JSON.
func typed(t *testing.T, values map[string]streamtypes.AttributeValue) json.RawMessage {
	converted, err := attributevalue.FromDynamoDBStreamsMap(values)
	require.NoError(t, err)
	out, err := attributevalue.MarshalMapJSON(converted)
	require.NoError(t, err)
	return out
}
