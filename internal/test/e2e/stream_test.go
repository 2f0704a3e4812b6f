package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// streamRecords are all records of a table's stream. The API's own JSON has the names and shapes in which Lambda hands
// records to functions, so they are passed on as they came.
func streamRecords(t *testing.T, endpoint, table string) (records []json.RawMessage) {
	t.Helper()
	streams := askStreams[struct {
		Streams []struct{ StreamArn string }
	}](t, endpoint, "ListStreams", map[string]any{"TableName": table})
	require.Len(t, streams.Streams, 1)
	arn := streams.Streams[0].StreamArn
	stream := askStreams[struct {
		StreamDescription struct {
			Shards []struct{ ShardId string }
		}
	}](t, endpoint, "DescribeStream", map[string]any{"StreamArn": arn})
	for _, shard := range stream.StreamDescription.Shards {
		iterator := askStreams[struct{ ShardIterator string }](t, endpoint, "GetShardIterator", map[string]any{
			"StreamArn": arn, "ShardId": shard.ShardId, "ShardIteratorType": "TRIM_HORIZON",
		})
		for next := iterator.ShardIterator; next != ""; {
			page := askStreams[struct {
				Records           []json.RawMessage
				NextShardIterator string
			}](t, endpoint, "GetRecords", map[string]any{"ShardIterator": next})
			if records = append(records, page.Records...); len(page.Records) == 0 {
				break // an open shard goes on for ever
			}
			next = page.NextShardIterator
		}
	}
	return records
}

func askStreams[Answer any](t *testing.T, endpoint, operation string, input any) (answer Answer) {
	t.Helper()
	body, err := json.Marshal(input)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, bytes.NewReader(body))
	require.NoError(t, err)
	request.Close = true
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, operation)
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer
}

// madeUpRecord is the record of a new order that no table knows of.
func madeUpRecord(orderID string, sequenceNumber int) json.RawMessage {
	return fmt.Appendf(nil, `{"eventID":"e","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{
		"ApproximateCreationDateTime":1767225600,"Keys":{"orderId":{"S":%[1]q}},"SequenceNumber":"%[2]d","SizeBytes":100,"StreamViewType":"NEW_AND_OLD_IMAGES",
		"NewImage":{"orderId":{"S":%[1]q},"paymentToken":{"S":"%[3]stoken"},"address":{"M":{"name":{"S":"%[3]sname"}}}}}}`, orderID, sequenceNumber, secret)
}
