package lambda

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

var three = []Record{
	{SequenceNumber: "0009", Data: json.RawMessage(`{"a": "<&>"}`)},
	{SequenceNumber: "10", Data: json.RawMessage(`{"b":1.50}`)},
	{SequenceNumber: "100000000000000000000000000001", Data: json.RawMessage(`{}`)},
}

func TestCompleted(t *testing.T) {
	for response, done := range map[string]int{
		``:                           3,
		` `:                          3,
		`null`:                       3,
		`{}`:                         3,
		`{"other":true}`:             3,
		`{"batchItemFailures":null}`: 3,
		`{"batchItemFailures":[]}`:   3,
		`{"BatchItemFailures":[{}]}`: 3, // Lambda distinguishes case
		`{"batchItemFailures":[{"itemIdentifier":"100000000000000000000000000001"}]}`:                         2,
		`{"batchItemFailures":[{"itemIdentifier":"10"}],"other":1}`:                                           1,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":"100000000000000000000000000001"}]}`: 1,
		`{"batchItemFailures":[{"itemIdentifier":"0010","why":1}]}`:                                           1,
		`{"batchItemFailures":[{"itemIdentifier":"9"}]}`:                                                      0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":"0009"}]}`:                           0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":"11"}]}`:                             0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":""}]}`:                               0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{"itemIdentifier":null}]}`:                             0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},{}]}`:                                                  0,
		`{"batchItemFailures":[{"itemIdentifier":"10"},null]}`:                                                0,
		`{"batchItemFailures":[{"ItemIdentifier":"10"}]}`:                                                     0,
		`{"batchItemFailures":[{"itemIdentifier":10}]}`:                                                       0,
		`{"batchItemFailures":["10"]}`:                                                                        0,
		`{"batchItemFailures":{"itemIdentifier":"10"}}`:                                                       0,
		`{"batchItemFailures":"10"}`:                                                                          0,
		`{"batchItemFailures":[`:                                                                              0,
		`"done"`:                                                                                              0, `[]`: 0, `1`: 0, `true`: 0, `{} {}`: 0, `<html>`: 0,
	} {
		got, err := completed(three, []byte(response))
		require.Equal(t, done, got, response)
		require.Equal(t, done == 0, err != nil, response)
	}
}

func TestEmptyIdentifierIsNotZero(t *testing.T) {
	done, err := completed([]Record{{SequenceNumber: "0"}}, []byte(`{"batchItemFailures":[{"itemIdentifier":""}]}`))
	require.Zero(t, done)
	require.ErrorContains(t, err, "not in the batch")
}

func FuzzCompleted(f *testing.F) {
	for _, response := range []string{
		``, `null`, `{}`, `[]`, `{"batchItemFailures":[]}`, `{"batchItemFailures":[null]}`,
		`{"batchItemFailures":[{"itemIdentifier":"10"}]}`, `{"batchItemFailures":[{"itemIdentifier":""}]}`,
	} {
		f.Add([]byte(response))
	}
	f.Fuzz(func(t *testing.T, response []byte) {
		done, err := completed(three, response)
		require.True(t, err == nil && 0 < done && done <= len(three) || err != nil && done == 0)
	})
}

func TestEventKeepsEveryByte(t *testing.T) {
	require.Equal(t, `{"Records":[{"a": "<&>"},{"b":1.50},{}]}`, string(event(three)))
	require.Equal(t, `{"Records":[{}]}`, string(event(three[2:])))
}

func TestCompareSequenceNumbers(t *testing.T) {
	ascending := []string{"0", "9", "10", "99999999999999999999", "100000000000000000000"}
	for i, a := range ascending {
		for j, b := range ascending {
			require.Equal(t, i < j, CompareSequenceNumbers(a, b) < 0, "%s %s", a, b)
			require.Equal(t, i == j, CompareSequenceNumbers("000"+a, b) == 0, "%s %s", a, b)
		}
	}
}
