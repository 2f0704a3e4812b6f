package eventbridge_test

import (
	"context"
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
	"orders/internal/local/sqs"
)

var (
	errTarget = errors.New("target failed")
	at        = time.Date(2026, 1, 23, 11, 53, 49, 131052000, time.FixedZone("CET", 3600))
)

// A target is a rule's target that fails its first calls.
type target struct {
	fails int           // calls that fail
	takes time.Duration // each call takes this long, even when its context ends
	mu    sync.Mutex
	got   []string
	at    []time.Time
}

func (r *target) receive(_ context.Context, event []byte) error {
	r.mu.Lock()
	r.got = append(r.got, string(event))
	r.at = append(r.at, time.Now())
	failed := len(r.got) <= r.fails
	r.mu.Unlock()
	time.Sleep(r.takes)
	if failed {
		return errTarget
	}
	return nil
}

// since returns the times of the calls, from start on.
func (r *target) since(start time.Time) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []time.Duration
	for _, call := range r.at {
		all = append(all, call.Sub(start))
	}
	return all
}

func rule(name string, to *target, sources ...string) eventbridge.Rule {
	return eventbridge.Rule{Name: name, Pattern: eventbridge.Pattern{Source: sources}, Target: to.receive}
}

// open returns a bus "ecommerce-local" with numbered events.
func open(dead *sqs.List, rules ...eventbridge.Rule) *eventbridge.Bus {
	return eventbridge.New(options(dead, rules...))
}

func options(dead *sqs.List, rules ...eventbridge.Rule) eventbridge.Options {
	var mu sync.Mutex
	ids := 0
	return eventbridge.Options{
		Name: "ecommerce-local", Region: "eu-west-1", Rules: rules, DeadLetters: dead,
		Logger: slog.New(slog.DiscardHandler),
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			ids++
			return fmt.Sprint("id-", ids)
		},
	}
}

func put(b *eventbridge.Bus, source string) string {
	id, err := b.Put("ecommerce-local", source, "OrderCreated", nil, json.RawMessage(`{}`), at)
	if err != nil {
		panic(err) // only a journal fails, and these buses have none
	}
	return id
}

func TestDeliveredEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		b := open(nil, rule("r", &to, "ecommerce.orders"))
		resources := []string{"order-1"}
		detail := json.RawMessage(`{"name":"<&>","price":1.50}`)
		id, err := b.Put("ecommerce-local", "ecommerce.orders", "OrderCreated", resources, detail, at)
		require.NoError(t, err)
		resources[0], detail[2] = "changed", 'X'
		b.Put("ecommerce-local", "ecommerce.orders", "OrderDeleted", nil, json.RawMessage(`{}`), time.Time{})
		require.NoError(t, b.Close(t.Context()))

		require.Equal(t, "id-1", id)
		first := `{"version":"0","id":"id-1","detail-type":"OrderCreated","source":"ecommerce.orders",` +
			`"account":"000000000000","time":"2026-01-23T10:53:49Z","region":"eu-west-1","resources":["order-1"],` +
			`"detail":{"name":"<&>","price":1.50}}`
		second := `{"version":"0","id":"id-2","detail-type":"OrderDeleted","source":"ecommerce.orders",` +
			`"account":"000000000000","time":"2000-01-01T00:00:00Z","region":"eu-west-1","resources":[],"detail":{}}`
		require.ElementsMatch(t, []string{first, second}, to.got)
		listed, err := json.Marshal(b.Events())
		require.NoError(t, err)
		require.JSONEq(t, "["+first+","+second+"]", string(listed))
	})
}

func TestOnlyMatchingRulesReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var orders, delivery, both target
		b := open(nil, rule("orders", &orders, "o"), rule("delivery", &delivery, "d"), rule("both", &both, "o", "d"))
		put(b, "o")
		put(b, "d")
		put(b, "d")
		put(b, "other")
		require.NoError(t, b.Close(t.Context()))
		require.Len(t, orders.got, 1)
		require.Len(t, delivery.got, 2)
		require.Len(t, both.got, 3)
		require.Len(t, b.Events(), 4)
	})
}

func TestEntriesForOtherBusesAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		var dead sqs.List
		var log strings.Builder
		o := options(&dead, rule("r", &to))
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		b := eventbridge.New(o)
		id, err := b.Put("default", "s", "d", nil, json.RawMessage(`no JSON`), at)
		require.NoError(t, err)
		require.Contains(t, log.String(), `level=WARN msg="event dropped: unknown event bus" eventBus=default source=s detailType=d`)
		require.Equal(t, "id-1", id)
		require.NoError(t, b.Close(t.Context()))
		require.Empty(t, to.got)
		require.NotNil(t, b.Events())
		require.Empty(t, b.Events())
		require.Empty(t, dead.All())
	})
}

func TestRetriesAndDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		lost, late, fine := target{fails: 3}, target{fails: 2}, target{}
		var dead sqs.List
		b := open(&dead, rule("lost", &lost), rule("late", &late), rule("fine", &fine))
		put(b, "s")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second}, lost.since(start))
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second}, late.since(start))
		require.Equal(t, []time.Duration{0}, fine.since(start))
		require.Equal(t, []sqs.Entry{{
			Time: start.Add(3 * time.Second).UTC(), Source: "lost", Reason: sqs.RetriesExhausted,
			Error: "target failed", Attempts: 3, Event: json.RawMessage(lost.got[0]),
		}}, dead.All())
		require.NoError(t, b.Close(t.Context()))
	})
}

func TestConcurrencyIsBoundedAndPutNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		to := target{takes: time.Second}
		b := open(nil, rule("r", &to))
		for range 64*3 + 5 {
			put(b, "s")
		}
		require.Zero(t, time.Since(start))
		require.NoError(t, b.Close(t.Context()))
		begun := map[time.Duration]int{}
		for _, when := range to.since(start) {
			begun[when.Truncate(time.Second)]++
		}
		require.Equal(t, map[time.Duration]int{0: 64, time.Second: 64, 2 * time.Second: 64, 3 * time.Second: 5}, begun)
		require.Len(t, b.Events(), 64*3+5)
	})
}

// A delivery that waits for its retry occupies no slot.
func TestWaitingRetriesHoldUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		failing, fine := target{fails: 999}, target{}
		b := open(nil, rule("failing", &failing, "f"), rule("fine", &fine, "s"))
		for range 64 {
			put(b, "f")
		}
		synctest.Wait()
		put(b, "s")
		synctest.Wait()
		require.Equal(t, []time.Duration{0}, fine.since(start))
		require.NoError(t, b.Close(t.Context()))
	})
}

func TestTargetsAreIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		overwrite := func(_ context.Context, event []byte) error { clear(event); return errTarget }
		var dead sqs.List
		b := open(&dead, eventbridge.Rule{Name: "overwrites", Target: overwrite}, rule("r", &to))
		put(b, "s")
		time.Sleep(time.Minute)
		require.NoError(t, b.Close(t.Context()))
		require.True(t, json.Valid([]byte(to.got[0])))
		require.True(t, json.Valid(dead.All()[0].Event))
	})
}

func TestTargetTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dead sqs.List
		b := open(&dead, eventbridge.Rule{Name: "hangs", Target: func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		start := time.Now()
		put(b, "s")
		time.Sleep(time.Hour)
		require.NoError(t, b.Close(t.Context()))
		require.Equal(t, 3*time.Minute+3*time.Second, dead.All()[0].Time.Sub(start))
		require.Equal(t, 3, dead.All()[0].Attempts)
	})
}

func TestMalformedEventBecomesDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to target
		var dead sqs.List
		b := open(&dead, rule("r", &to))
		b.Put("ecommerce-local", "s", "d", nil, json.RawMessage(`{"open":`), at)
		b.Put("ecommerce-local", "s", "d", nil, json.RawMessage(`{}`), time.Unix(math.MaxInt32*1000, 0))
		require.NoError(t, b.Close(t.Context()))
		require.Empty(t, to.got)
		require.Empty(t, b.Events())
		require.Len(t, dead.All(), 2)
		require.Equal(t, sqs.MalformedEvent, dead.All()[0].Reason)
		_, err := json.Marshal(dead.All())
		require.NoError(t, err)
	})
}

func TestEventsReturnsACopy(t *testing.T) {
	b := open(nil)
	for range 3 {
		put(b, "s")
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

func TestLogDoesNotContainTheDetail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := target{fails: 9}
		var log strings.Builder
		o := options(nil, rule("r", &to))
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		b := eventbridge.New(o)
		b.Put("ecommerce-local", "s", "OrderCreated", []string{"order-1"}, json.RawMessage(`{"paymentToken":"secret"}`), at)
		time.Sleep(time.Hour)
		require.NoError(t, b.Close(t.Context()))
		require.Contains(t, log.String(), "RetriesExhausted")
		require.NotContains(t, log.String(), "secret")
	})
}

func TestDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letters := new(sqs.List)
		b := eventbridge.New(eventbridge.Options{Name: "b", DeadLetters: letters, Logger: slog.New(slog.DiscardHandler)})
		once, never := &target{fails: 1}, &target{fails: 3}
		b.Deliver("once", []byte(`{"a":1}`), once.receive)
		b.Deliver("never", []byte(`{"a":2}`), never.receive)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{`{"a":1}`, `{"a":1}`}, once.got)
		require.Len(t, never.got, 3)
		require.Len(t, letters.All(), 1)
		require.Equal(t, "never", letters.All()[0].Source)
		require.Empty(t, b.Events())
		require.NoError(t, b.Close(t.Context()))
		b.Deliver("late", nil, once.receive)
		require.Equal(t, sqs.ServiceStopped, letters.All()[1].Reason)
	})
}
