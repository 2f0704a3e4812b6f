package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// event is what the function receives. Data goes in byte for byte: a record that is no JSON spoils only the batch
// that carries it, and bisecting finds it like any other that the function cannot take.
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

// completed tells how many records of the batch, from its beginning, an answer reports as done: all but those from
// the lowest reported sequence number on. As on Lambda an answer without failures (none at all, null, {}, a list that
// is absent, null or empty) means the whole batch, and an identifier that is empty, null, missing or not in the batch
// means none of it; so does an answer of any other shape. The error says why nothing is done.
func completed(batch []Record, answer []byte) (int, error) {
	failures, err := reported(answer)
	if err != nil {
		return 0, err
	}
	done := len(batch)
	for _, identifier := range failures {
		at, found := slices.BinarySearchFunc(batch, identifier, func(r Record, number string) int {
			return CompareSequenceNumbers(r.SequenceNumber, number)
		})
		if !found || identifier == "" {
			return 0, fmt.Errorf("answer reports %q, which is not in the batch", identifier)
		}
		done = min(done, at)
	}
	if done == 0 {
		return 0, errors.New("the first record of the batch is reported as failed")
	}
	return done, nil
}

// reported returns the identifiers in an answer. Objects are read as maps because Lambda heeds the case of their
// keys, which Go's structs would not.
func reported(answer []byte) ([]string, error) {
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil, nil
	}
	var response map[string]json.RawMessage
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, fmt.Errorf("answer is not a batch response: %w", err)
	}
	list, ok := response["batchItemFailures"]
	if !ok {
		return nil, nil
	}
	var failures []map[string]json.RawMessage
	if err := json.Unmarshal(list, &failures); err != nil {
		return nil, fmt.Errorf("answer is not a batch response: batchItemFailures: %w", err)
	}
	identifiers := make([]string, len(failures))
	for i, failure := range failures {
		if err := json.Unmarshal(failure["itemIdentifier"], &identifiers[i]); err != nil {
			return nil, fmt.Errorf("answer is not a batch response: itemIdentifier: %w", err)
		}
	}
	return identifiers, nil
}
