package local

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// A deadLetter is a message of a dead-letter queue as GET /_local/dead-letters shows it: an event
// with its payload, or a pointer to stream records. Unlike SQS, it says why.
//
// Events contain addresses and payment tokens: a dead letter may be shown to the operator who asks
// for it, but must not be logged.
type deadLetter struct {
	Time     time.Time            `json:"time"`
	Source   string               `json:"source"` // the function or fake peer that failed
	Reason   string               `json:"reason"`
	Error    string               `json:"error,omitempty"` // of the last attempt
	Attempts int                  `json:"attempts"`
	Event    json.RawMessage      `json:"event,omitempty"` // absent if it is not JSON
	Batch    *lambda.BatchPointer `json:"batch,omitempty"`
}

// retriesExhausted is the reason of a message that was received as often as its queue allows.
const retriesExhausted = "RetriesExhausted"

// deadLetters returns the messages of all dead-letter queues, oldest first, never nil.
func (s *Service) deadLetters() []deadLetter {
	letters := []deadLetter{}
	for _, queue := range []string{updatesDeadLetters, tableUpdateDeadLetters, otherDeadLetters} {
		for _, m := range s.queues.Queue(queue).Messages() {
			if queue == tableUpdateDeadLetters {
				letters = append(letters, failedBatch(m))
			} else {
				letters = append(letters, failedEvent(m))
			}
		}
	}
	slices.SortStableFunc(letters, func(a, b deadLetter) int { return a.Time.Compare(b.Time) })
	return letters
}

func failedEvent(m sqs.Message) deadLetter {
	letter := deadLetter{Time: m.ArrivedAt.UTC(), Source: source(m.SourceQueue), Error: m.LastError, Attempts: m.ReceiveCount}
	if letter.Reason = retriesExhausted; m.SourceQueue == "" {
		letter.Reason = m.Attributes["ERROR_CODE"].StringValue // EventBridge's, if it put the event there
	}
	if json.Valid([]byte(m.Body)) {
		letter.Event = json.RawMessage(m.Body)
	}
	return letter
}

// source returns the consumer of a queue.
func source(queue string) string {
	if queue == updatesQueue {
		return "on-events"
	}
	return strings.TrimSuffix(strings.TrimPrefix(queue, "local-"), "-async")
}

// failedBatch returns a pointer that Lambda's mapping or table-update itself has sent.
func failedBatch(m sqs.Message) deadLetter {
	var pointer struct {
		lambda.InvocationRecord
		Condition string `json:"condition"` // table-update's members
		Reason    string `json:"reason"`
	}
	letter := deadLetter{Time: m.ArrivedAt.UTC(), Source: "table-update"}
	if json.Unmarshal([]byte(m.Body), &pointer) == nil && pointer.Batch.BatchSize > 0 {
		letter.Reason = cmp.Or(pointer.RequestContext.Condition, pointer.Condition)
		letter.Error = cmp.Or(m.LastError, pointer.Reason)
		letter.Attempts = max(pointer.RequestContext.ApproximateInvokeCount, 1)
		letter.Batch = &pointer.Batch
	}
	return letter
}
