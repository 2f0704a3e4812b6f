package local

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// waitForDeadLetters returns the dead letters once there are some, which must be within 10 s.
func (c *client) waitForDeadLetters(t *testing.T) (letters []map[string]any) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(letters) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/dead-letters")), &letters))
	}
	require.NotEmpty(t, letters)
	return letters
}

func TestFailingUpdateBecomesDeadLetter(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	_, err := s.bus.Put(eventBusName, "ecommerce.delivery", "DeliveryCompleted", []string{"6f1d0c3e-0000-4000-8000-000000000000"}, json.RawMessage(`{}`), time.Time{})
	require.NoError(t, err)
	letters := c.waitForDeadLetters(t)
	require.Len(t, letters, 1)
	require.Equal(t, "on-events", letters[0]["source"])
	require.Equal(t, "RetriesExhausted", letters[0]["reason"])
	require.EqualValues(t, 3, letters[0]["attempts"])
	require.NotEmpty(t, letters[0]["error"])
	require.NotEmpty(t, letters[0]["time"])
	require.Equal(t, "DeliveryCompleted", letters[0]["event"].(map[string]any)["detail-type"])
}

func TestFailedAsynchronousInvocationBecomesDeadLetter(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	s.invokeAsync(&lambda.Function{Name: "on-events"}, []byte(`{"source":"ecommerce.delivery","detail-type":"DeliveryCompleted","resources":[]}`))
	letters := c.waitForDeadLetters(t)
	require.Equal(t, "on-events", letters[0]["source"])
	require.Contains(t, letters[0]["error"], "resources")
	require.Equal(t, "ecommerce.delivery", letters[0]["event"].(map[string]any)["source"])
}

func TestDeadLetters(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	require.JSONEq(t, "[]", c.get(t, "/_local/dead-letters"))
	batch := lambda.FailedBatch{ShardID: "shard", First: "1", Last: "3", Size: 3, Invocations: 2, Time: time.Now(), Err: io.ErrUnexpectedEOF}
	require.NoError(t, s.storeFailedBatch(&lambda.Function{Name: "table-update"}, batch))
	require.NoError(t, s.queues.SendMessage(sqs.Message{
		Body: "not JSON", Attributes: map[string]sqs.Attribute{"ERROR_CODE": {DataType: "String", StringValue: "NO_PERMISSIONS"}},
	}, updatesDeadLetters))
	require.NoError(t, s.queues.Send("{", tableUpdateDeadLetters))
	require.NoError(t, s.queues.Send(`{"condition":"PermanentFailure","reason":"no image","DDBStreamBatchInfo":{"startSequenceNumber":"7","endSequenceNumber":"7","batchSize":1,"streamArn":"arn"}}`, tableUpdateDeadLetters))
	letters := s.deadLetters()
	require.Len(t, letters, 4)
	for i := range letters {
		require.WithinDuration(t, time.Now(), letters[i].Time, time.Minute)
		letters[i].Time = time.Time{}
	}
	require.Equal(t, deadLetter{
		Source: "table-update", Reason: "RetryAttemptsExhausted", Error: "unexpected EOF", Attempts: 2,
		Batch: &lambda.BatchPointer{ShardID: "shard", StartSequenceNumber: "1", EndSequenceNumber: "3", BatchSize: 3},
	}, letters[0])
	require.Equal(t, deadLetter{Source: "", Reason: "NO_PERMISSIONS"}, letters[1])
	require.Equal(t, deadLetter{Source: "table-update"}, letters[2])
	require.Equal(t, deadLetter{
		Source: "table-update", Reason: "PermanentFailure", Error: "no image", Attempts: 1,
		Batch: &lambda.BatchPointer{StartSequenceNumber: "7", EndSequenceNumber: "7", BatchSize: 1, StreamARN: "arn"},
	}, letters[3])
	text := c.get(t, "/_local/dead-letters")
	require.True(t, strings.HasPrefix(text, `[{"time":"`), text)
}
