package dynamodb_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/local/dynamodb"
)

// apiResponse is a response of the stream's API with every attribute type. The last attribute is an
// empty map as DynamoDB Local writes it.
const apiResponse = `{"Records":[{"awsRegion":"eu-west-1","dynamodb":{
	"ApproximateCreationDateTime":1769165629.131,
	"Keys":{"orderId":{"S":"o-1"}},
	"NewImage":{"orderId":{"S":"o-1"},"text":{"S":"<é> & \"x\""},"none":{"S":""},"number":{"N":"12345678901234567890.123456789"},
		"binary":{"B":"AP8="},"noBytes":{"B":""},"yes":{"BOOL":true},"no":{"BOOL":false},"null":{"NULL":true},
		"texts":{"SS":["a","b"]},"numbers":{"NS":["1","2.5"]},"binaries":{"BS":["AA==",""]},
		"list":{"L":[{"N":"1"},{"L":[]},{"M":{}},{}]},"map":{"M":{"inner":{"M":{"deep":{"S":"x"}}},"empty":{}}},"empty":{}},
	"OldImage":{"orderId":{"S":"o-1"}},
	"SequenceNumber":"111200000000000000001","SizeBytes":321,"StreamViewType":"NEW_AND_OLD_IMAGES"},
	"eventID":"4b25bd0da9a181a155114127e4837252","eventName":"MODIFY","eventSource":"aws:dynamodb","eventVersion":"1.1",
	"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}},
	{"awsRegion":"eu-west-1","dynamodb":{
	"ApproximateCreationDateTime":1769165629,"Keys":{"orderId":{"S":"o-2"}},"OldImage":{"orderId":{"S":"o-2"}},
	"SequenceNumber":"111200000000000000002","SizeBytes":12,"StreamViewType":"NEW_AND_OLD_IMAGES"},
	"eventID":"2","eventName":"REMOVE","eventSource":"aws:dynamodb","eventVersion":"1.1"}]}`

// lambdaRecords are its records as Lambda passes them, except for white space.
var lambdaRecords = []string{`{"eventID":"4b25bd0da9a181a155114127e4837252","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb",
	"awsRegion":"eu-west-1","dynamodb":{
	"ApproximateCreationDateTime":1769165629.131,
	"Keys":{"orderId":{"S":"o-1"}},
	"NewImage":{"orderId":{"S":"o-1"},"text":{"S":"<é> & \"x\""},"none":{"S":""},"number":{"N":"12345678901234567890.123456789"},
		"binary":{"B":"AP8="},"noBytes":{"B":""},"yes":{"BOOL":true},"no":{"BOOL":false},"null":{"NULL":true},
		"texts":{"SS":["a","b"]},"numbers":{"NS":["1","2.5"]},"binaries":{"BS":["AA==",""]},
		"list":{"L":[{"N":"1"},{"L":[]},{"M":{}},{"M":{}}]},"map":{"M":{"inner":{"M":{"deep":{"S":"x"}}},"empty":{"M":{}}}},"empty":{"M":{}}},
	"OldImage":{"orderId":{"S":"o-1"}},
	"SequenceNumber":"111200000000000000001","SizeBytes":321,"StreamViewType":"NEW_AND_OLD_IMAGES"},
	"eventSourceARN":"` + streamARN + `","userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}}`,
	`{"eventID":"2","eventName":"REMOVE","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{
	"ApproximateCreationDateTime":1769165629,"Keys":{"orderId":{"S":"o-2"}},"OldImage":{"orderId":{"S":"o-2"}},
	"SequenceNumber":"111200000000000000002","SizeBytes":12,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"` + streamARN + `"}`}

func TestRecordsHaveLambdasForm(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Amz-Target") {
		case "DynamoDBStreams_20120810.DescribeStream":
			_, _ = w.Write([]byte(`{"StreamDescription":{"Shards":[{"ShardId":"shardId-00000001769165629131-b0a15d1e"}]}}`))
		case "DynamoDBStreams_20120810.GetShardIterator":
			_, _ = w.Write([]byte(`{"ShardIterator":"here"}`))
		case "DynamoDBStreams_20120810.GetRecords":
			_, _ = w.Write([]byte(apiResponse))
		}
	}))
	defer server.Close()
	client := dynamodb.NewStreamsClient(aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}, server.URL)

	r := newReader(client, t.TempDir())
	stop := r.start(t)
	require.Eventually(t, func() bool { return r.total() > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, stop())
	payload := r.payloads[0]
	var batch struct{ Records []json.RawMessage }
	require.NoError(t, json.Unmarshal(payload, &batch))
	require.Len(t, batch.Records, len(lambdaRecords))
	for i, want := range lambdaRecords {
		require.JSONEq(t, want, string(batch.Records[i]))
	}
	require.Contains(t, string(payload), `"<é> & \"x\""`, "not escaped")
	require.NotContains(t, string(batch.Records[1]), "NewImage")

	var typed events.DynamoDBEvent
	require.NoError(t, json.Unmarshal(payload, &typed), "as functions read it")
	require.Equal(t, []byte{0, 255}, typed.Records[0].Change.NewImage["binary"].Binary())

	var raw struct {
		Records []struct {
			Dynamodb struct{ NewImage json.RawMessage }
		}
	}
	require.NoError(t, json.Unmarshal(payload, &raw))
	_, err := streamimage.Parse(raw.Records[0].Dynamodb.NewImage)
	require.NoError(t, err)
}
