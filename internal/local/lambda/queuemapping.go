package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"orders/internal/local/sqs"
	"orders/internal/strictjson"
)

// A QueueMapping is an event source mapping for an SQS queue: it invokes a function with batches of
// messages, with ReportBatchItemFailures on. A message that the function reports, and every message
// of a batch that fails as a whole, is retried; the others are deleted.
//
// On AWS a failed message stays invisible for the queue's visibility timeout. Here it is retried
// after RetryDelay, so that local runs need not wait for minutes.
//
// All fields but BatchSize and Concurrency are required.
type QueueMapping struct {
	Queue    *sqs.Queue
	Function string // names the mapping in logs
	Region   string

	// Invoke runs the function with a Lambda event. An error is a function error. It must return
	// soon after ctx ends and must not panic.
	Invoke  func(ctx context.Context, payload []byte) (response []byte, err error)
	Timeout time.Duration // of one invocation

	BatchSize   int // maximum messages in a batch; 0: 10
	Concurrency int // invocations at a time; 0: 1
	RetryDelay  func(receives int) time.Duration
	Logger      *slog.Logger
}

// Run invokes the function until ctx ends, and returns when no invocation is in progress. The
// invocations' context is work. Messages of invocations that work's end cancels are not lost: they
// are visible again.
func (m QueueMapping) Run(ctx, work context.Context) {
	batchSize := m.BatchSize
	if batchSize == 0 {
		batchSize = 10
	}
	sqs.Consumer{
		Queue: m.Queue, BatchSize: batchSize, Concurrency: m.Concurrency,
		Handle: m.handle, RetryDelay: m.RetryDelay,
	}.Run(ctx, work)
}

// handle invokes the function with a batch, and returns the messages that failed.
func (m QueueMapping) handle(ctx context.Context, batch []sqs.Message) map[string]error {
	failed, err := m.invoke(ctx, batch)
	if err != nil {
		failed = make(map[string]error, len(batch))
		for _, message := range batch {
			failed[message.ID] = err
		}
	}
	for id, err := range failed {
		m.Logger.Warn("message failed", slog.String("mapping", m.Function), slog.String("messageId", id), slog.String("error", err.Error()))
	}
	return failed
}

func (m QueueMapping) invoke(ctx context.Context, batch []sqs.Message) (failed map[string]error, err error) {
	payload, err := m.event(batch)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	response, err := m.Invoke(ctx, payload)
	if err != nil {
		return nil, err
	}
	identifiers, err := failedItems(response)
	if err != nil {
		return nil, err
	}
	ids := make(map[string]bool, len(batch))
	for _, message := range batch {
		ids[message.ID] = true
	}
	failed = make(map[string]error, len(identifiers))
	for _, id := range identifiers {
		if !ids[id] {
			return nil, fmt.Errorf("response reports %q, which is not in the batch", id)
		}
		failed[id] = errReported
	}
	return failed, nil
}

var errReported = errors.New("reported by the function as failed")

// A queueRecord is a message in an event for a function.
type queueRecord struct {
	MessageID         string                    `json:"messageId"`
	ReceiptHandle     string                    `json:"receiptHandle"`
	Body              string                    `json:"body"`
	Attributes        map[string]string         `json:"attributes"`
	MessageAttributes map[string]queueAttribute `json:"messageAttributes"`
	MD5OfBody         string                    `json:"md5OfBody"`
	EventSource       string                    `json:"eventSource"`
	EventSourceARN    string                    `json:"eventSourceARN"`
	AWSRegion         string                    `json:"awsRegion"`
}

// A queueAttribute is a message attribute in an event. Unlike in SQS's API, names begin with a
// small letter.
type queueAttribute struct {
	StringValue string `json:"stringValue,omitempty"`
	BinaryValue []byte `json:"binaryValue,omitempty"`
	DataType    string `json:"dataType"`
}

// event returns the function's event for a batch.
func (m QueueMapping) event(batch []sqs.Message) ([]byte, error) {
	records := make([]queueRecord, len(batch))
	for i, message := range batch {
		attributes := make(map[string]queueAttribute, len(message.Attributes))
		for name, a := range message.Attributes {
			attributes[name] = queueAttribute{a.StringValue, a.BinaryValue, a.DataType}
		}
		records[i] = queueRecord{
			MessageID: message.ID, ReceiptHandle: message.Receipt, Body: message.Body,
			Attributes: message.SystemAttributes(m.Queue), MessageAttributes: attributes, MD5OfBody: message.MD5(),
			EventSource: "aws:sqs", EventSourceARN: m.Queue.ARN(), AWSRegion: m.Region,
		}
	}
	return strictjson.Marshal(map[string][]queueRecord{"Records": records})
}
