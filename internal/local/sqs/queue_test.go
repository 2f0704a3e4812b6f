package sqs_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"orders/internal/local/sqs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// options configure a queue "updates" whose messages may be received twice, with its dead-letter
// queue, and a queue "delayed".
func options() sqs.Options {
	return sqs.Options{
		Region: "eu-west-1", Account: "000000000000", URL: "http://127.0.0.1:8080",
		Queues: []sqs.Config{
			{Name: "dead-letters"},
			{Name: "updates", VisibilityTimeout: time.Minute, DeadLetterQueue: "dead-letters", MaxReceiveCount: 2},
			{Name: "delayed", Delay: 5 * time.Second},
		},
		Logger: slog.New(slog.DiscardHandler),
	}
}

func open(t require.TestingT, o sqs.Options) *sqs.Service {
	s, err := sqs.Open(o)
	require.NoError(t, err)
	return s
}

func bodies(messages []sqs.Message) []string {
	all := []string{}
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return all
}

// receive receives up to ten messages without waiting.
func receive(t *testing.T, q *sqs.Queue) []sqs.Message {
	messages, err := q.Receive(t.Context(), 10, q.VisibilityTimeout, 0)
	require.NoError(t, err)
	return messages
}

func TestReceivedMessageIsInvisibleUntilItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, options())
		q := s.Queue("updates")
		sent := time.Now()
		require.NoError(t, s.Send("one", "updates"))
		require.NoError(t, s.Send("two", "updates"))
		first := receive(t, q)
		require.Equal(t, []string{"one", "two"}, bodies(first))
		require.Empty(t, receive(t, q))
		require.NoError(t, q.Delete(first[0].Receipt))

		time.Sleep(time.Minute)
		second := receive(t, q)
		require.Equal(t, []string{"two"}, bodies(second))
		require.Equal(t, first[1].ID, second[0].ID)
		require.Equal(t, 2, second[0].ReceiveCount)
		require.Equal(t, sent, second[0].FirstReceivedAt)
		require.NotEqual(t, first[1].Receipt, second[0].Receipt)

		require.NoError(t, q.Delete(first[1].Receipt), "of an earlier receive")
		require.Len(t, q.Messages(), 1)
		require.False(t, q.ChangeVisibility(first[1].Receipt, 0))
		require.True(t, q.ChangeVisibility(second[0].Receipt, time.Hour))
		time.Sleep(59 * time.Minute)
		require.Empty(t, receive(t, q))
		require.NoError(t, q.Delete(second[0].Receipt))
		require.Empty(t, q.Messages())
		require.NoError(t, s.Close())
	})
}

func TestExhaustedMessageBecomesDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, options())
		q, letters := s.Queue("updates"), s.Queue("dead-letters")
		start := time.Now()
		require.NoError(t, s.Send("one", "updates"))
		for range 2 {
			received := receive(t, q)
			require.Len(t, received, 1)
			q.Retry(received[0].Receipt, time.Second, "table down")
			time.Sleep(time.Second)
		}
		require.Empty(t, receive(t, q))
		require.Empty(t, q.Messages())
		all := letters.Messages()
		require.Len(t, all, 1)
		require.Equal(t, "one", all[0].Body)
		require.Equal(t, 2, all[0].ReceiveCount)
		require.Equal(t, "table down", all[0].LastError)
		require.Equal(t, "updates", all[0].SourceQueue)
		require.Equal(t, start, all[0].SentAt)
		require.Equal(t, start.Add(2*time.Second), all[0].ArrivedAt)
		for range 5 {
			require.Equal(t, []string{"one"}, bodies(receive(t, letters)), "no redrive policy")
			time.Sleep(letters.VisibilityTimeout)
		}
		require.NoError(t, s.Close())
	})
}

func TestReceiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, options())
		q := s.Queue("delayed")
		start := time.Now()
		messages, err := q.Receive(t.Context(), 10, time.Minute, 20*time.Second)
		require.NoError(t, err)
		require.Empty(t, messages)
		require.Equal(t, 20*time.Second, time.Since(start))

		time.AfterFunc(time.Second, func() { _ = s.Send("one", "delayed") })
		messages, err = q.Receive(t.Context(), 10, time.Minute, 20*time.Second)
		require.NoError(t, err)
		require.Equal(t, []string{"one"}, bodies(messages))
		require.Equal(t, 26*time.Second, time.Since(start), "sent after 1 s, delayed by 5 s")

		time.AfterFunc(2*time.Second, func() { q.ChangeVisibility(messages[0].Receipt, time.Second) })
		messages, err = q.Receive(t.Context(), 10, time.Minute, 20*time.Second)
		require.NoError(t, err)
		require.Equal(t, []string{"one"}, bodies(messages))
		require.Equal(t, 29*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = q.Receive(ctx, 10, time.Minute, 20*time.Second)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, s.Close())
	})
}

func TestSendToSeveralQueues(t *testing.T) {
	s := open(t, options())
	require.NoError(t, s.Send("one", "updates", "delayed"))
	require.Len(t, s.Queue("updates").Messages(), 1)
	require.Len(t, s.Queue("delayed").Messages(), 1)
	require.ErrorContains(t, s.Send("two", "updates", "other"), "send to queue other: queue does not exist")
	require.Len(t, s.Queue("updates").Messages(), 1, "in all or none")
	require.NoError(t, s.Close())
}

// A step is one operation on a queue.
type step struct {
	Do   string
	With int
}

func drawStep() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return step{
			rapid.SampledFrom([]string{"send", "send", "receive", "receive", "delete", "retry", "sleep"}).Draw(t, "do"),
			rapid.IntRange(0, 9).Draw(t, "with"),
		}
	})
}

// No message is lost, received while another receive of it is in flight, or received after it was
// deleted; and a message is a dead letter exactly after its last receive.
func TestMessagesAreReceivedUntilTheyAreDeleted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(drawStep(), 1, 40).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) { playSteps(t, steps) })
	})
}

func playSteps(t *testing.T, steps []step) {
	s := open(t, options())
	q := s.Queue("updates")
	sent, deleted, receives := 0, map[string]bool{}, map[string]int{}
	var inFlight []sqs.Message
	for _, step := range steps {
		switch step.Do {
		case "send":
			require.NoError(t, s.Send(strconv.Itoa(sent), "updates"))
			sent++
		case "receive":
			messages, err := q.Receive(t.Context(), 1+step.With, time.Minute, 0)
			require.NoError(t, err)
			for _, m := range messages {
				require.False(t, deleted[m.Body])
				for _, other := range inFlight {
					require.NotEqual(t, other.Body, m.Body)
				}
				receives[m.Body]++
				require.Equal(t, receives[m.Body], m.ReceiveCount)
				require.LessOrEqual(t, m.ReceiveCount, 2)
			}
			inFlight = append(inFlight, messages...)
		case "delete", "retry":
			if len(inFlight) == 0 {
				continue
			}
			m := inFlight[step.With%len(inFlight)]
			if step.Do == "delete" {
				require.NoError(t, q.Delete(m.Receipt))
				deleted[m.Body] = true
			} else {
				q.Retry(m.Receipt, 0, "failed")
			}
			inFlight = without(inFlight, m)
		case "sleep":
			time.Sleep(time.Minute)
			inFlight = nil
		}
	}
	time.Sleep(time.Minute)
	for range 3 + 3*sent/10 { // each receives ten
		receive(t, q)
		time.Sleep(time.Minute)
	}
	left := bodies(s.Queue("dead-letters").Messages())
	for i := range sent {
		body := strconv.Itoa(i)
		require.Equal(t, !deleted[body], contains(left, body), body)
	}
	require.Empty(t, q.Messages())
	require.NoError(t, s.Close())
}

func without(messages []sqs.Message, m sqs.Message) (rest []sqs.Message) {
	for _, each := range messages {
		if each.ID != m.ID {
			rest = append(rest, each)
		}
	}
	return rest
}

func contains(all []string, text string) bool {
	for _, each := range all {
		if each == text {
			return true
		}
	}
	return false
}
