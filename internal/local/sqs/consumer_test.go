package sqs_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/sqs"
)

// A handler records the batches that it handles. Messages whose body is "bad" fail.
type handler struct {
	mu      sync.Mutex
	takes   time.Duration
	batches [][]string
	at      []time.Duration
	start   time.Time
	most    int // at a time
	running int
}

func (h *handler) handle(ctx context.Context, batch []sqs.Message) map[string]error {
	h.mu.Lock()
	h.batches = append(h.batches, bodies(batch))
	h.at = append(h.at, time.Since(h.start))
	h.running++
	h.most = max(h.most, h.running)
	h.mu.Unlock()
	failed := make(map[string]error)
	select {
	case <-time.After(h.takes):
	case <-ctx.Done():
	}
	for _, m := range batch {
		if m.Body == "bad" || ctx.Err() != nil {
			failed[m.ID] = errors.New("bad message")
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running--
	return failed
}

func consume(s *sqs.Service, h *handler, concurrency int) sqs.Consumer {
	h.start = time.Now()
	return sqs.Consumer{
		Queue: s.Queue("updates"), BatchSize: 3, Concurrency: concurrency, Handle: h.handle,
		RetryDelay: func(receives int) time.Duration { return time.Duration(receives) * time.Second },
	}
}

func TestConsumerRetriesOnlyFailedMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := open(t, options()), new(handler)
		for _, body := range []string{"1", "bad", "3", "4"} {
			require.NoError(t, s.Send(body, "updates"))
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { consume(s, h, 1).Run(ctx, t.Context()) })
		time.Sleep(10 * time.Second)
		stop()
		running.Wait()
		require.Equal(t, [][]string{{"1", "bad", "3"}, {"4"}, {"bad"}}, h.batches)
		require.Equal(t, []time.Duration{0, 0, time.Second}, h.at)
		letters := s.Queue("dead-letters").Messages()
		require.Equal(t, []string{"bad"}, bodies(letters))
		require.Equal(t, "bad message", letters[0].LastError)
		require.Equal(t, time.Second, letters[0].ArrivedAt.Sub(h.start), "right after its last receive")
		require.Empty(t, s.Queue("updates").Messages())
		require.NoError(t, s.Close())
	})
}

func TestConsumerBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := open(t, options()), &handler{takes: time.Second}
		for i := range 60 {
			require.NoError(t, s.Send(strconv.Itoa(i), "updates"))
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { consume(s, h, 5).Run(ctx, t.Context()) })
		time.Sleep(4*time.Second + time.Millisecond)
		h.mu.Lock()
		require.Equal(t, 5, h.most)
		h.mu.Unlock()
		require.Empty(t, s.Queue("updates").Messages())
		stop()
		running.Wait()
		require.NoError(t, s.Close())
	})
}

// A stop lets batches in progress finish. If that takes too long, they are canceled, and their
// messages are visible again, without being counted as failed.
func TestConsumerStops(t *testing.T) {
	for name, grace := range map[string]time.Duration{"in time": time.Minute, "canceled": time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := open(t, options()), &handler{takes: 5 * time.Second}
				require.NoError(t, s.Send("one", "updates"))
				ctx, stop := context.WithCancel(t.Context())
				work, cancel := context.WithCancel(t.Context())
				defer cancel()
				var running sync.WaitGroup
				running.Go(func() { consume(s, h, 2).Run(ctx, work) })
				time.Sleep(time.Second)
				stop()
				time.AfterFunc(grace, cancel)
				running.Wait()
				done := grace > h.takes
				require.Equal(t, done, len(s.Queue("updates").Messages()) == 0)
				require.Equal(t, !done, len(receive(t, s.Queue("updates"))) == 1)
				require.NoError(t, s.Close())
			})
		})
	}
}
