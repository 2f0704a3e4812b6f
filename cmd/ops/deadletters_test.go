package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/ops"
	"orders/internal/test/testworld"
)

// How long, and how often, tests wait for the local service.
const (
	patience = time.Minute
	poll     = 50 * time.Millisecond
)

func (s *shell) aws() aws.Config {
	return aws.Config{
		Region: testworld.Region, BaseEndpoint: aws.String(s.url),
		Credentials: credentials.StaticCredentialsProvider{Value: testworld.LocalCredentials},
	}
}

func (s *shell) stack() ops.Stack {
	s.t.Helper()
	stack, err := ops.ReadStack(s.t.Context(), ssm.NewFromConfig(s.aws()), "local")
	require.NoError(s.t, err)
	return stack
}

// fill puts n updates of an order into the dead-letter queue of updates.
func (s *shell) fill(n int, orderID string) {
	s.t.Helper()
	client, url := sqs.NewFromConfig(s.aws()), s.stack().Queues.UpdateDeadLetters
	body := fmt.Sprintf(`{"id":"e","source":"ecommerce.delivery","detail-type":"DeliveryFailed","resources":[%q],"detail":{}}`, orderID)
	var sending sync.WaitGroup
	for i := range 16 {
		sending.Go(func() {
			for range (n + i) / 16 {
				_, err := client.SendMessage(s.t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url), MessageBody: aws.String(body)})
				if err != nil {
					s.t.Error(err)
					return
				}
			}
		})
	}
	sending.Wait()
}

// depths returns the number of messages in the queues of updates and of their dead letters.
func (s *shell) depths() (waiting, dead int) {
	s.t.Helper()
	var status struct{ Queues []ops.QueueStatus }
	s.json("status", &status)
	for _, q := range status.Queues {
		switch q.Name {
		case "updates":
			waiting = q.Visible + q.InFlight
		case "updates-dead-letters":
			dead = q.Visible + q.InFlight
		}
	}
	return waiting, dead
}

func TestAnUpdateForAnUnknownOrderBecomesADeadLetter(t *testing.T) {
	s := newShell(t, local.Settings{})
	unknown := uuid.NewString()
	_, err := eventbridge.NewFromConfig(s.aws()).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		EventBusName: aws.String("local-ecommerce"), Source: aws.String("ecommerce.delivery"), DetailType: aws.String("DeliveryCompleted"),
		Resources: []string{unknown}, Detail: aws.String("{}"),
	}}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, dead := s.depths(); return dead == 1 }, patience, poll)

	var status ops.StackStatus
	s.json("status", &status)
	require.Nil(t, status.Queues[0].OldestAgeSeconds)
	require.NotNil(t, status.Queues[1].OldestAgeSeconds, "the age of the dead letter")
	require.Len(t, status.Functions, 4)

	var letters []ops.Letter
	s.json("dead-letters list", &letters)
	require.Len(t, letters, 1)
	require.Equal(t, []string{ops.UpdateDeadLetters, "DeliveryCompleted", unknown, ops.ReasonNotFound},
		[]string{letters[0].Queue, letters[0].Type, letters[0].Orders[0], letters[0].Reason})
	code, stdout, _ := s.run("", "dead-letters redrive --dry-run")
	require.Equal(t, exitDone, code)
	require.Contains(t, stdout, unknown)
	_, dead := s.depths()
	require.Equal(t, 1, dead, "a dry run changes nothing")

	code, stdout, _ = s.run("y\n", "dead-letters delete --queue updates --order "+unknown)
	require.Equal(t, exitDone, code, stdout)
	s.json("dead-letters list", &letters)
	require.Empty(t, letters)
}

func TestRedriveAppliesUpdates(t *testing.T) {
	s := newShell(t, local.Settings{})
	id := s.order()
	s.fill(3, id)
	s.fill(2, uuid.NewString())
	code, stdout, stderr := s.run("", "dead-letters redrive --reason would-fail --yes")
	require.Equal(t, exitDone, code, stderr)
	require.Contains(t, stdout, "redrive  0")

	code, stdout, stderr = s.run("y\n", "dead-letters redrive --order "+id)
	require.Equal(t, exitDone, code, stderr)
	require.Contains(t, stderr, "redrive the selected ones of 5 dead letters of queue updates in local? [y/N]")
	require.Regexp(t, `redrive +3 +3 +0`, stdout)
	var report ops.OrderReport
	require.Eventually(t, func() bool {
		s.json("order "+id, &report)
		return report.Status == "DELIVERY_FAILED"
	}, patience, poll)
	_, dead := s.depths()
	require.Equal(t, 2, dead)
}

func TestRedriveMovesThousandsOfLetters(t *testing.T) {
	s := newShell(t, local.Settings{LogLevel: 8})
	const letters = 5000
	s.fill(letters, s.order())
	var result ops.Result
	began := time.Now()
	s.json("dead-letters redrive --yes", &result)
	t.Logf("%d letters redriven in %v", letters, time.Since(began).Round(time.Millisecond))
	require.Equal(t, []int{letters, letters, 0}, []int{result.Selected, result.Done, result.Left})
	require.Eventually(t, func() bool {
		waiting, dead := s.depths()
		return waiting == 0 && dead == 0
	}, 2*patience, poll, "all updates are applied")
}

// An interruptor interrupts a command when it shows its first progress.
type interruptor struct{ interrupt context.CancelFunc }

func (i interruptor) Write(text []byte) (int, error) {
	i.interrupt()
	return len(text), nil
}

func TestAnInterruptLeavesEveryLetterInAQueue(t *testing.T) {
	s := newShell(t, local.Settings{LogLevel: 8})
	const letters = 1000
	s.fill(letters, uuid.NewString())
	ctx, interrupt := context.WithCancel(t.Context())
	code := run(ctx, strings.Fields("dead-letters redrive --type DeliveryFailed --yes"), terminal{
		in: strings.NewReader(""), out: io.Discard, err: interruptor{interrupt}, shows: true,
		getenv: func(name string) string { return s.env[name] },
	})
	require.Equal(t, exitInterrupted, code)
	_, dead := s.depths()
	require.Positive(t, dead, "not all letters were moved")
	require.Eventually(t, func() bool {
		waiting, dead := s.depths()
		return waiting == 0 && dead == letters // those that were moved fail again, and come back
	}, 2*patience, poll)
}
