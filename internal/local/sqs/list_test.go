package sqs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
	"orders/internal/local/sqs"
)

func TestEntriesInJSON(t *testing.T) {
	var list sqs.List
	answer, err := json.Marshal(list.All())
	require.NoError(t, err)
	require.Equal(t, "[]", string(answer))

	at := time.Date(2026, 1, 23, 10, 53, 49, 0, time.UTC)
	add(t, &list, sqs.Entry{
		Time: at, Source: "on-events", Reason: sqs.RetriesExhausted, Error: "no such order", Attempts: 3,
		Event: json.RawMessage(`{"id":"1"}`),
	})
	add(t, &list, sqs.Entry{
		Time: at, Source: "table-update", Reason: sqs.RetryAttemptsExhausted, Attempts: 4,
		Batch: &sqs.Batch{ShardID: "shard-0", StartSequenceNumber: "7", EndSequenceNumber: "7", BatchSize: 1},
	})
	answer, err = json.Marshal(list.All())
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"time": "2026-01-23T10:53:49Z", "source": "on-events", "reason": "RetriesExhausted", "error": "no such order",
		 "attempts": 3, "event": {"id": "1"}},
		{"time": "2026-01-23T10:53:49Z", "source": "table-update", "reason": "RetryAttemptsExhausted", "attempts": 4,
		 "batch": {"shardId": "shard-0", "startSequenceNumber": "7", "endSequenceNumber": "7", "batchSize": 1}}
	]`, string(answer))
}

func add(t *testing.T, list *sqs.List, entry sqs.Entry) {
	t.Helper()
	require.NoError(t, list.Add(entry))
}

func TestAllIsACopy(t *testing.T) {
	var list sqs.List
	add(t, &list, sqs.Entry{Source: "kept"})
	list.All()[0].Source = "changed"
	require.Equal(t, "kept", list.All()[0].Source)
}

func TestConcurrentAdds(t *testing.T) {
	var list sqs.List
	var adders sync.WaitGroup
	for range 20 {
		adders.Go(func() {
			for range 50 {
				if err := list.Add(sqs.Entry{}); err != nil {
					t.Error(err)
				}
				list.All()
			}
		})
	}
	adders.Wait()
	require.Len(t, list.All(), 1000)
}

func TestAListGoesOnAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead-letters.jsonl")
	entries := []sqs.Entry{
		{
			Time: time.Date(2026, 1, 23, 10, 53, 49, 131052001, time.UTC), Source: "on-events", Reason: sqs.RetriesExhausted,
			Error: "no such order", Attempts: 3, Event: json.RawMessage(`{"id":"<1> & \"é\""}`),
		},
		{
			Source: "table-update", Reason: sqs.RetryAttemptsExhausted, Attempts: 11,
			Batch: &sqs.Batch{ShardID: "shard-0", StartSequenceNumber: "7", EndSequenceNumber: "9", BatchSize: 3},
		},
		{Source: "local-ecommerce", Reason: sqs.MalformedEvent, Error: "no JSON"},
	}
	for i := range entries {
		kept, earlier, err := durable.OpenJournal[sqs.Entry](path)
		require.NoError(t, err)
		list := sqs.New(earlier, kept)
		require.Equal(t, entries[:i], list.All())
		add(t, list, entries[i])
		require.Equal(t, entries[:i+1], list.All())
		require.NoError(t, kept.Close())
	}
}

func TestAnEntryThatIsNotKeptIsNotListed(t *testing.T) {
	kept, earlier, err := durable.OpenJournal[sqs.Entry](filepath.Join(t.TempDir(), "dead-letters.jsonl"))
	require.NoError(t, err)
	require.NoError(t, kept.Close())
	list := sqs.New(earlier, kept)
	require.ErrorIs(t, list.Add(sqs.Entry{}), os.ErrClosed)
	require.Empty(t, list.All())
}
