package sqs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/sqs"
)

func TestQueuesSurviveRestart(t *testing.T) {
	o := options()
	o.Path = filepath.Join(t.TempDir(), "data", "queues.jsonl")
	s := open(t, o)
	require.NoError(t, s.Send(`{"a":"<1>"}`, "updates", "delayed"))
	require.NoError(t, s.Send("two", "updates"))
	require.NoError(t, s.Send("three", "updates"))
	before := s.Queue("updates").Messages()
	received := receive(t, s.Queue("updates"))
	require.NoError(t, s.Queue("updates").Delete(received[1].Receipt))
	s.Queue("updates").Retry(received[2].Receipt, 0, "failed")
	received = receive(t, s.Queue("updates"))
	s.Queue("updates").Retry(received[0].Receipt, 0, "failed")
	require.Empty(t, receive(t, s.Queue("updates")), "it is moved to the dead letters")
	require.NoError(t, s.Close())

	for range 2 {
		s = open(t, o)
		require.Equal(t, []string{`{"a":"<1>"}`}, bodies(receive(t, s.Queue("updates"))), "in flight before, visible now")
		require.Empty(t, receive(t, s.Queue("delayed")), "still delayed")
		letters := s.Queue("dead-letters").Messages()
		require.Equal(t, []string{"three"}, bodies(letters))
		require.Equal(t, before[2].ID, letters[0].ID)
		require.Equal(t, "failed", letters[0].LastError)
		require.Equal(t, "updates", letters[0].SourceQueue)
		require.NoError(t, s.Close())
	}
	text, err := os.ReadFile(o.Path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "two", "deleted messages leave the file")
}

func TestMessagesOfARemovedQueueAreKept(t *testing.T) {
	o := options()
	o.Path = filepath.Join(t.TempDir(), "queues.jsonl")
	s := open(t, o)
	require.NoError(t, s.Send("one", "delayed"))
	require.NoError(t, s.Close())
	fewer := o
	fewer.Queues = o.Queues[:2]
	s = open(t, fewer)
	require.Nil(t, s.Queue("delayed"))
	require.NoError(t, s.Close())
	s = open(t, o)
	require.Len(t, s.Queue("delayed").Messages(), 1)
	require.NoError(t, s.Close())
}

func TestUnusableFileOrQueueIsAnError(t *testing.T) {
	o := options()
	o.Path = t.TempDir()
	_, err := sqs.Open(o)
	require.ErrorContains(t, err, "open queues: ")
	_, err = sqs.Open(sqs.Options{Queues: []sqs.Config{{Name: "a", DeadLetterQueue: "b", MaxReceiveCount: 1}}})
	require.EqualError(t, err, "queue a: dead-letter queue b does not exist")
}

// A message that cannot be stored, deleted or moved stays where it was.
func TestFailedWriteChangesNothing(t *testing.T) {
	o := options()
	o.Path = filepath.Join(t.TempDir(), "queues.jsonl")
	s := open(t, o)
	q := s.Queue("updates")
	require.NoError(t, s.Send("one", "updates"))
	received := receive(t, q)
	q.Retry(received[0].Receipt, 0, "failed")
	received = receive(t, q)
	require.NoError(t, s.Close()) // from now on every write fails

	require.Error(t, s.Send("two", "updates"))
	require.Error(t, q.Delete(received[0].Receipt))
	require.Equal(t, []string{"one"}, bodies(q.Messages()))
	q.ChangeVisibility(received[0].Receipt, 0)
	_, err := q.Receive(t.Context(), 10, time.Minute, 0)
	require.Error(t, err, "it cannot become a dead letter")
	require.Equal(t, []string{"one"}, bodies(q.Messages()))
	require.Empty(t, s.Queue("dead-letters").Messages())
}
