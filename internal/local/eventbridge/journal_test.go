package eventbridge_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
)

// A journal calls before for each event and stores those for which it returns nil.
type journal struct {
	before func() error
	kept   []eventbridge.Event
}

func (j *journal) Append(event eventbridge.Event) error {
	if err := j.before(); err != nil {
		return err
	}
	j.kept = append(j.kept, event)
	return nil
}

func TestEventsAreDurableBeforeTheyAreVisible(t *testing.T) {
	var queues fakeQueues
	var b *eventbridge.Bus
	o := options(&queues, rule("q"))
	stored := &journal{}
	stored.before = func() error {
		require.Len(t, b.Events(), len(stored.kept))
		require.Len(t, queues.got["q"], len(stored.kept))
		return nil
	}
	o.Journal = stored
	b = eventbridge.New(o)
	for i := range 3 {
		put(t, b, "s")
		require.Len(t, stored.kept, i+1)
		require.Equal(t, b.Events(), stored.kept)
		require.Len(t, queues.got["q"], i+1)
	}
}

func TestPutFailsIfTheEventIsNotStored(t *testing.T) {
	var queues fakeQueues
	var log strings.Builder
	o := options(&queues, rule("q"))
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Journal = &journal{before: func() error { return errJournal }}
	b := eventbridge.New(o)
	id, err := b.Put("ecommerce-local", "s", "OrderCreated", nil, json.RawMessage(`{"paymentToken":"secret"}`), at)
	require.ErrorIs(t, err, errJournal)
	require.Empty(t, id)
	require.Contains(t, log.String(), "disk full")
	require.NotContains(t, log.String(), "secret")

	_, err = b.Put("another", "s", "OrderCreated", nil, json.RawMessage(`{}`), at)
	require.NoError(t, err, "entries for other buses are not stored")
	require.Empty(t, b.Events())
	require.Empty(t, queues.got)
}

func TestEventsOfEarlierRunsAreNotSentAgain(t *testing.T) {
	var queues fakeQueues
	o := options(&queues, rule("q"))
	o.Events = []eventbridge.Event{{ID: "old-1"}, {ID: "old-2"}, {ID: "old-3"}}
	o.Journal = &journal{before: func() error { return nil }}
	b := eventbridge.New(o)
	put(t, b, "s")
	require.Len(t, queues.got["q"], 1)
	var ids []string
	for _, event := range b.Events() {
		ids = append(ids, event.ID)
	}
	require.Equal(t, []string{"old-1", "old-2", "old-3", "id-1"}, ids)
}
