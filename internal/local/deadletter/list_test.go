package deadletter_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/deadletter"
)

func TestEntriesInJSON(t *testing.T) {
	var list deadletter.List
	answer, err := json.Marshal(list.All())
	require.NoError(t, err)
	require.Equal(t, "[]", string(answer))

	at := time.Date(2026, 1, 23, 10, 53, 49, 0, time.UTC)
	list.Add(deadletter.Entry{
		Time: at, Source: "on-events", Reason: deadletter.RetriesExhausted, Error: "no such order", Attempts: 3,
		Event: json.RawMessage(`{"id":"1"}`),
	})
	list.Add(deadletter.Entry{
		Time: at, Source: "table-update", Reason: deadletter.RetryAttemptsExhausted, Attempts: 4,
		Batch: &deadletter.Batch{ShardID: "shard-0", StartSequenceNumber: "7", EndSequenceNumber: "7", BatchSize: 1},
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

func TestAllIsACopy(t *testing.T) {
	var list deadletter.List
	list.Add(deadletter.Entry{Source: "kept"})
	list.All()[0].Source = "changed"
	require.Equal(t, "kept", list.All()[0].Source)
}

func TestConcurrentAdds(t *testing.T) {
	var list deadletter.List
	var adders sync.WaitGroup
	for range 20 {
		adders.Go(func() {
			for range 50 {
				list.Add(deadletter.Entry{})
				list.All()
			}
		})
	}
	adders.Wait()
	require.Len(t, list.All(), 1000)
}
