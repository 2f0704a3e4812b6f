package eventbridge_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
	"orders/internal/local/sqs"
)

var errJournal = errors.New("disk full")

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
	synctest.Test(t, func(t *testing.T) {
		var to target
		o := options(nil, rule("r", &to))
		var b *eventbridge.Bus
		kept := &journal{before: func() error {
			synctest.Wait() // if the event were visible, it would arrive
			require.Len(t, to.got, len(b.Events()))
			return nil
		}}
		o.Journal = kept
		b = eventbridge.New(o)
		for i := range 3 {
			put(b, "s")
			require.Len(t, kept.kept, i+1)
			require.Equal(t, b.Events(), kept.kept)
		}
		require.NoError(t, b.Close(t.Context()))
		require.Len(t, to.got, 3)
	})
}

func TestPutFailsIfTheEventIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		var log strings.Builder
		o := options(nil, rule("r", &to))
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
		require.NoError(t, b.Close(t.Context()))
		require.Empty(t, b.Events())
		require.Empty(t, to.got)
	})
}

func TestEventsOfEarlierRunsAreNotDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		o := options(nil, rule("r", &to))
		o.Events = []eventbridge.Event{{ID: "old-1"}, {ID: "old-2"}, {ID: "old-3"}}
		o.Journal = &journal{before: func() error { return nil }}
		b := eventbridge.New(o)
		put(b, "s")
		require.NoError(t, b.Close(t.Context()))
		require.Len(t, to.got, 1)
		var ids []string
		for _, event := range b.Events() {
			ids = append(ids, event.ID)
		}
		require.Equal(t, []string{"old-1", "old-2", "old-3", "id-1"}, ids)
	})
}

// full is a journal of dead letters that stores none.
type full struct{}

func (full) Append(sqs.Entry) error { return errJournal }

func TestLostDeadLetterIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := target{fails: 3} // as often as there are attempts
		var log strings.Builder
		o := options(sqs.New(nil, full{}), rule("r", &to))
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		b := eventbridge.New(o)
		put(b, "s")
		time.Sleep(time.Minute)
		require.NoError(t, b.Close(t.Context()))
		require.Contains(t, log.String(), "dead letter lost")
		require.Contains(t, log.String(), "disk full")
	})
}
