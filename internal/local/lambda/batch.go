package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// event returns the function's event for a batch. Data is copied byte for byte: a record that is
// not JSON fails only the batch that contains it, and bisection isolates it like any other bad
// record.
func event(batch []Record) []byte {
	size := len(`{"Records":[]}`) + len(batch)
	for _, record := range batch {
		size += len(record.Data)
	}
	out := make([]byte, 0, size)
	out = append(out, `{"Records":[`...)
	for i, record := range batch {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, record.Data...)
	}
	return append(out, "]}"...)
}

// completed returns how many records of the batch, from its beginning, a response reports as done:
// all before the lowest reported sequence number. As on Lambda, a response without failures (empty,
// null, {}, a list that is absent, null or empty) means the whole batch, and an identifier that is
// empty, null, missing or not in the batch means none of it; so does any other invalid response.
// The error says why nothing is done.
func completed(batch []Record, response []byte) (int, error) {
	failures, err := failedItems(response)
	if err != nil {
		return 0, err
	}
	done := len(batch)
	for _, identifier := range failures {
		at, found := slices.BinarySearchFunc(batch, identifier, func(r Record, number string) int {
			return CompareSequenceNumbers(r.SequenceNumber, number)
		})
		if !found || identifier == "" {
			return 0, fmt.Errorf("response reports %q, which is not in the batch", identifier)
		}
		done = min(done, at)
	}
	if done == 0 {
		return 0, errors.New("the first record of the batch is reported as failed")
	}
	return done, nil
}

// failedItems returns the item identifiers in a response. Objects are read as maps because Lambda
// distinguishes the case of their keys, which Go's structs do not.
func failedItems(response []byte) ([]string, error) {
	if len(bytes.TrimSpace(response)) == 0 {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(response, &fields); err != nil {
		return nil, fmt.Errorf("invalid batch response: %w", err)
	}
	list, ok := fields["batchItemFailures"]
	if !ok {
		return nil, nil
	}
	var failures []map[string]json.RawMessage
	if err := json.Unmarshal(list, &failures); err != nil {
		return nil, fmt.Errorf("invalid batch response: batchItemFailures: %w", err)
	}
	identifiers := make([]string, len(failures))
	for i, failure := range failures {
		if err := json.Unmarshal(failure["itemIdentifier"], &identifiers[i]); err != nil {
			return nil, fmt.Errorf("invalid batch response: itemIdentifier: %w", err)
		}
	}
	return identifiers, nil
}

// A FailedBatch is a batch of stream records that a StreamMapping has discarded.
type FailedBatch struct {
	StreamARN   string
	ShardID     string
	First, Last string // sequence numbers
	Size        int
	Invocations int // that began with the first record
	Time        time.Time
	Err         error // of the last invocation
}

// RetryAttemptsExhausted is the condition of a FailedBatch in Lambda's words.
const RetryAttemptsExhausted = "RetryAttemptsExhausted"

// An InvocationRecord is what Lambda sends to an on-failure destination for a FailedBatch.
type InvocationRecord struct {
	RequestContext struct {
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	Version   string       `json:"version"`
	Timestamp time.Time    `json:"timestamp"`
	Batch     BatchPointer `json:"DDBStreamBatchInfo"`
}

// A BatchPointer points to consecutive records of a stream, first and last included.
type BatchPointer struct {
	ShardID             string `json:"shardId"`
	StartSequenceNumber string `json:"startSequenceNumber"`
	EndSequenceNumber   string `json:"endSequenceNumber"`
	BatchSize           int    `json:"batchSize"`
	StreamARN           string `json:"streamArn"`
}

// Record returns the record for an on-failure destination.
func (b FailedBatch) Record(functionARN string) InvocationRecord {
	r := InvocationRecord{Version: "1.0", Timestamp: b.Time, Batch: BatchPointer{b.ShardID, b.First, b.Last, b.Size, b.StreamARN}}
	r.RequestContext.FunctionARN = functionARN
	r.RequestContext.Condition = RetryAttemptsExhausted
	r.RequestContext.ApproximateInvokeCount = b.Invocations
	return r
}
