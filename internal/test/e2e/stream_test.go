package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/test/testworld"
)

// streamRecords returns all records of the table's stream. The API's own JSON has the names and
// shapes in which Lambda hands records to functions, so they are passed on unchanged.
func (d *deployment) streamRecords(t *testing.T) (records []json.RawMessage) {
	t.Helper()
	var streams struct {
		Streams []struct{ StreamArn string }
	}
	d.callStreams(t, "ListStreams", map[string]any{"TableName": d.TableName}, &streams)
	require.Len(t, streams.Streams, 1)
	arn := streams.Streams[0].StreamArn
	var stream struct {
		StreamDescription struct {
			Shards []struct{ ShardId string }
		}
	}
	d.callStreams(t, "DescribeStream", map[string]any{"StreamArn": arn}, &stream)
	for _, shard := range stream.StreamDescription.Shards {
		var page struct {
			ShardIterator, NextShardIterator string
			Records                          []json.RawMessage
		}
		d.callStreams(t, "GetShardIterator", map[string]any{
			"StreamArn": arn, "ShardId": shard.ShardId, "ShardIteratorType": "TRIM_HORIZON",
		}, &page)
		for next := page.ShardIterator; next != ""; next = page.NextShardIterator {
			page.Records, page.NextShardIterator = nil, ""
			d.callStreams(t, "GetRecords", map[string]any{"ShardIterator": next}, &page)
			if records = append(records, page.Records...); len(page.Records) == 0 {
				break // an open shard never ends
			}
		}
	}
	return records
}

func (d *deployment) callStreams(t *testing.T, operation string, input, output any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.Table.FunctionURL("test"), bytes.NewReader(testworld.Encode(input)))
	require.NoError(t, err)
	request.Close = true
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, operation)
	require.NoError(t, json.NewDecoder(response.Body).Decode(output))
}
