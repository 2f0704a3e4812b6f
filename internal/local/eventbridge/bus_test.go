package eventbridge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
)

var (
	errJournal = errors.New("disk full")
	errQueues  = errors.New("queues closed")
	at         = time.Date(2026, 1, 23, 11, 53, 49, 131052000, time.FixedZone("CET", 3600))
)

// fakeQueues keep the messages of each queue. They fail if err is set.
type fakeQueues struct {
	mu  sync.Mutex
	got map[string][]string
	err error
}

func (q *fakeQueues) Send(body string, queues ...string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	if q.got == nil {
		q.got = make(map[string][]string)
	}
	for _, name := range queues {
		q.got[name] = append(q.got[name], body)
	}
	return nil
}

func rule(queue string, sources ...string) eventbridge.Rule {
	return eventbridge.Rule{Pattern: eventbridge.Pattern{Source: sources}, Queue: queue}
}

// options configure a bus "ecommerce-local" with numbered events.
func options(queues *fakeQueues, rules ...eventbridge.Rule) eventbridge.Options {
	var mu sync.Mutex
	ids := 0
	return eventbridge.Options{
		Name: "ecommerce-local", Region: "eu-west-1", Rules: rules, Queues: queues,
		Logger: slog.New(slog.DiscardHandler),
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			ids++
			return fmt.Sprint("id-", ids)
		},
	}
}

func put(t *testing.T, b *eventbridge.Bus, source string) string {
	id, err := b.Put("ecommerce-local", source, "OrderCreated", nil, json.RawMessage(`{}`), at)
	require.NoError(t, err)
	return id
}

func TestEventIsSentToTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queues fakeQueues
		b := eventbridge.New(options(&queues, rule("q", "ecommerce.orders")))
		resources := []string{"order-1"}
		detail := json.RawMessage(`{"name":"<&>","price":1.50}`)
		id, err := b.Put("ecommerce-local", "ecommerce.orders", "OrderCreated", resources, detail, at)
		require.NoError(t, err)
		require.Equal(t, "id-1", id)
		resources[0], detail[2] = "changed", 'X'
		_, err = b.Put("ecommerce-local", "ecommerce.orders", "OrderDeleted", nil, json.RawMessage(`{}`), time.Time{})
		require.NoError(t, err)

		first := `{"version":"0","id":"id-1","detail-type":"OrderCreated","source":"ecommerce.orders",` +
			`"account":"000000000000","time":"2026-01-23T10:53:49Z","region":"eu-west-1","resources":["order-1"],` +
			`"detail":{"name":"<&>","price":1.50}}`
		second := `{"version":"0","id":"id-2","detail-type":"OrderDeleted","source":"ecommerce.orders",` +
			`"account":"000000000000","time":"2000-01-01T00:00:00Z","region":"eu-west-1","resources":[],"detail":{}}`
		require.Equal(t, []string{first, second}, queues.got["q"])
		listed, err := json.Marshal(b.Events())
		require.NoError(t, err)
		require.JSONEq(t, "["+first+","+second+"]", string(listed))
	})
}

func TestOnlyMatchingRulesReceive(t *testing.T) {
	var queues fakeQueues
	b := eventbridge.New(options(&queues, rule("orders", "o"), rule("delivery", "d"), rule("both", "o", "d")))
	for _, source := range []string{"o", "d", "d", "other"} {
		put(t, b, source)
	}
	require.Len(t, queues.got["orders"], 1)
	require.Len(t, queues.got["delivery"], 2)
	require.Len(t, queues.got["both"], 3)
	require.Len(t, b.Events(), 4)
}

func TestEntriesForOtherBusesAreDropped(t *testing.T) {
	var queues fakeQueues
	var log strings.Builder
	o := options(&queues, rule("q"))
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := eventbridge.New(o)
	id, err := b.Put("default", "s", "d", nil, json.RawMessage(`no JSON`), at)
	require.NoError(t, err)
	require.Equal(t, "id-1", id)
	require.Empty(t, queues.got)
	require.NotNil(t, b.Events())
	require.Empty(t, b.Events())
	require.Contains(t, log.String(), "unknown event bus")
	require.Contains(t, log.String(), "eventBus=default")
}

func TestMalformedEventIsAnError(t *testing.T) {
	var queues fakeQueues
	b := eventbridge.New(options(&queues, rule("q")))
	_, err := b.Put("ecommerce-local", "s", "d", nil, json.RawMessage(`{"open":`), at)
	require.Error(t, err)
	_, err = b.Put("ecommerce-local", "s", "d", nil, json.RawMessage(`{}`), time.Unix(math.MaxInt32*1000, 0))
	require.Error(t, err)
	require.Empty(t, queues.got)
	require.Empty(t, b.Events())
}

func TestPutFailsIfTheQueuesFail(t *testing.T) {
	queues := fakeQueues{err: errQueues}
	var log strings.Builder
	o := options(&queues, rule("q", "s"))
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	b := eventbridge.New(o)
	id, err := b.Put("ecommerce-local", "s", "OrderCreated", nil, json.RawMessage(`{"paymentToken":"secret"}`), at)
	require.ErrorIs(t, err, errQueues)
	require.Empty(t, id)
	require.Contains(t, log.String(), "queues closed")
	require.NotContains(t, log.String(), "secret")
	put(t, b, "other") // no queue needs it
}

func TestEventsReturnsACopy(t *testing.T) {
	b := eventbridge.New(options(nil))
	for range 3 {
		put(t, b, "s")
	}
	events := b.Events()
	require.Equal(t, []string{"id-1", "id-2", "id-3"}, []string{events[0].ID, events[1].ID, events[2].ID})
	events[0].ID = "changed"
	require.Equal(t, "id-1", b.Events()[0].ID)
}

func TestDefaultIDs(t *testing.T) {
	b := eventbridge.New(eventbridge.Options{Name: "b"})
	first, err := b.Put("b", "s", "d", nil, nil, at)
	require.NoError(t, err)
	second, err := b.Put("b", "s", "d", nil, nil, at)
	require.NoError(t, err)
	require.Len(t, first, 36)
	require.NotEqual(t, first, second)
}

func TestConcurrentPuts(t *testing.T) {
	var queues fakeQueues
	b := eventbridge.New(options(&queues, rule("q")))
	var putters sync.WaitGroup
	for range 8 {
		putters.Go(func() {
			for range 100 {
				if _, err := b.Put("ecommerce-local", "s", "d", nil, json.RawMessage(`{}`), at); err != nil {
					t.Error(err)
				}
				b.Events()
			}
		})
	}
	putters.Wait()
	require.Len(t, queues.got["q"], 800)
	require.Len(t, b.Events(), 800)
}
