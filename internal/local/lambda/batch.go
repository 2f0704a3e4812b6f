package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
