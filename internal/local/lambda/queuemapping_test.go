package lambda_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// runQueue sends messages to a queue, runs a mapping for an hour, and returns the batches that the
// function received, and the dead letters.
func runQueue(t *testing.T, function func(event events.SQSEvent) (string, error), bodies ...string) (batches [][]string, letters []sqs.Message) {
	queues, err := sqs.Open(sqs.Options{Region: "eu-west-1", Account: lambda.Account, Queues: []sqs.Config{
		{Name: "letters"}, {Name: "updates", VisibilityTimeout: time.Minute, DeadLetterQueue: "letters", MaxReceiveCount: 3},
	}, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for _, body := range bodies {
		require.NoError(t, queues.Send(body, "updates"))
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		lambda.QueueMapping{
			Queue: queues.Queue("updates"), Function: "on-events", Region: "eu-west-1", Timeout: time.Second,
			RetryDelay: func(receives int) time.Duration { return time.Duration(receives) * time.Second },
			Logger:     slog.New(slog.DiscardHandler),
			Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
				var event events.SQSEvent
				if err := json.Unmarshal(payload, &event); err != nil {
					return nil, err
				}
				var batch []string
				for _, r := range event.Records {
					batch = append(batch, r.Body)
				}
				batches = append(batches, batch)
				response, err := function(event)
				return []byte(response), err
			},
		}.Run(ctx, t.Context())
	})
	time.Sleep(time.Hour)
	stop()
	running.Wait()
	require.Empty(t, queues.Queue("updates").Messages())
	letters = queues.Queue("letters").Messages()
	require.NoError(t, queues.Close())
	return batches, letters
}

func TestOnlyReportedMessagesAreRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		batches, letters := runQueue(t, func(event events.SQSEvent) (string, error) {
			for _, r := range event.Records {
				if r.Body == "b" {
					return `{"batchItemFailures":[{"itemIdentifier":"` + r.MessageId + `"}]}`, nil
				}
			}
			return "", nil
		}, "a", "b", "c")
		require.Equal(t, [][]string{{"a", "b", "c"}, {"b"}, {"b"}}, batches)
		require.Len(t, letters, 1)
		require.Equal(t, "b", letters[0].Body)
		require.Equal(t, "reported by the function as failed", letters[0].LastError)
	})
}

func TestFailedInvocationRetriesTheWholeBatch(t *testing.T) {
	for name, response := range map[string]string{
		"function error": "error", "not a batch response": `[]`, "unknown identifier": `{"batchItemFailures":[{"itemIdentifier":"x"}]}`,
		"no identifier": `{"batchItemFailures":[{}]}`, "null identifier": `{"batchItemFailures":[{"itemIdentifier":null}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				batches, letters := runQueue(t, func(events.SQSEvent) (string, error) {
					if response == "error" {
						return "", errFunction
					}
					return response, nil
				}, "a", "b")
				require.Equal(t, [][]string{{"a", "b"}, {"a", "b"}, {"a", "b"}}, batches)
				require.Len(t, letters, 2)
			})
		})
	}
}

func TestBatchesHaveAtMostTenMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		batches, _ := runQueue(t, func(event events.SQSEvent) (string, error) {
			return `{"batchItemFailures":[]}`, nil
		}, make([]string, 25)...)
		require.Equal(t, []int{10, 10, 5}, []int{len(batches[0]), len(batches[1]), len(batches[2])})
	})
}

func TestQueueRecordsHaveLambdasForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var record events.SQSMessage
		start := time.Now()
		runQueue(t, func(event events.SQSEvent) (string, error) {
			record = event.Records[0]
			return "", nil
		}, `{"a":"<&>"}`)
		require.NotEmpty(t, record.MessageId)
		require.NotEmpty(t, record.ReceiptHandle)
		require.Equal(t, `{"a":"<&>"}`, record.Body)
		require.Equal(t, "ff4346e5e8ab7dfd89199ac0941663a6", record.Md5OfBody)
		require.Equal(t, "aws:sqs", record.EventSource)
		require.Equal(t, "arn:aws:sqs:eu-west-1:000000000000:updates", record.EventSourceARN)
		require.Equal(t, "eu-west-1", record.AWSRegion)
		require.Equal(t, "1", record.Attributes["ApproximateReceiveCount"])
		require.Equal(t, start.UnixMilli(), mustParse(t, record.Attributes["SentTimestamp"]))
	})
}

func mustParse(t *testing.T, number string) (n int64) {
	require.NoError(t, json.Unmarshal([]byte(number), &n))
	return n
}
