package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/test/testworld"
)

// A queue is the SQS queue of fulfilment updates with on-events behind it, on a clock of its own:
// it has the visibility timeout and the redrive policy of the template, and waits for neither.
type queue struct {
	visibility  time.Duration
	maxReceives int

	now      time.Duration // since the queue was made
	messages []*message
	dead     []string // bodies
}

type message struct {
	id, body  string
	receives  int
	visibleAt time.Duration
}

// newQueue returns a queue as the template configures it.
func newQueue(t *testing.T) *queue {
	t.Helper()
	template, err := os.ReadFile("../../../template.yaml")
	require.NoError(t, err)
	number := func(pattern string) int {
		match := regexp.MustCompile(pattern).FindSubmatch(template)
		require.NotNil(t, match, pattern)
		n, err := strconv.Atoi(string(match[1]))
		require.NoError(t, err)
		return n
	}
	return &queue{visibility: time.Duration(number(`VisibilityTimeout: (\d+)`)) * time.Second, maxReceives: number(`maxReceiveCount: (\d+)`)}
}

// send puts an event, or a text that is none, into the queue.
func (q *queue) send(event any) {
	q.messages = append(q.messages, &message{id: uuid.NewString(), body: string(testworld.Encode(event)), visibleAt: q.now})
}

// deliver passes all visible messages to the function, in batches of up to 10. What the function
// reports as failed, or all of a batch if it fails itself, is visible again later.
func (q *queue) deliver(t *testing.T, onEvents *lambdaruntime.Function) {
	t.Helper()
	var visible []*message
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
		switch {
		case m.visibleAt > q.now:
			return false
		case m.receives == q.maxReceives:
			q.dead = append(q.dead, m.body)
			return true
		}
		visible = append(visible, m)
		return false
	})
	for batch := range slices.Chunk(visible, 10) {
		failed := invokeBatch(t, onEvents, batch)
		for _, m := range batch {
			m.receives++
			m.visibleAt = q.now + q.visibility
		}
		q.messages = slices.DeleteFunc(q.messages, func(m *message) bool {
			return slices.Contains(batch, m) && !slices.Contains(failed, m.id)
		})
	}
}

// invokeBatch returns the IDs of the messages that failed.
func invokeBatch(t *testing.T, onEvents *lambdaruntime.Function, batch []*message) (failed []string) {
	t.Helper()
	var event events.SQSEvent
	for _, m := range batch {
		event.Records = append(event.Records, events.SQSMessage{MessageId: m.id, Body: m.body, EventSource: "aws:sqs"})
		failed = append(failed, m.id)
	}
	response, err := invoke(t, onEvents, event)
	if err != nil {
		return failed
	}
	var result events.SQSEventResponse
	require.NoError(t, json.Unmarshal(response, &result))
	failed = nil
	for _, f := range result.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// createOrders creates orders and returns their IDs.
func (d *deployment) createOrders(t *testing.T, n int) (ids []string) {
	t.Helper()
	create := d.Start(t, testworld.CreateOrder)
	for range n {
		ids = append(ids, createDirectly(t, create, uuid.NewString(), d.order()))
	}
	return ids
}

func (d *deployment) requireStatus(t *testing.T, status string, ids ...string) {
	t.Helper()
	read := d.Start(t, testworld.GetOrder)
	for _, id := range ids {
		require.Equal(t, status, request(t, read, testworld.Get("/backend/{orderId}", "", id)).json(t)["status"], id)
	}
}

// testTableOutage lets the table fail for three hours, by the clock of the queue, while updates
// arrive: none is lost, and nobody has to do anything afterwards.
func testTableOutage(t *testing.T, d *deployment) {
	t.Parallel()
	const outage = 3 * time.Hour
	q, ids := newQueue(t), d.createOrders(t, 10)
	onEvents := d.Start(t, testworld.OnEvents, func(o *lambdaruntime.Options) { o.Timeout = time.Second })
	d.Table.Fail(testworld.InternalError)
	for _, id := range ids {
		q.send(testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{}, id))
	}
	for ; q.now < outage; q.now += q.visibility {
		q.deliver(t, onEvents)
		require.Len(t, q.messages, len(ids))
	}
	d.Table.Fail(nil)
	q.deliver(t, onEvents)
	require.Empty(t, q.messages, "all updates are applied")
	require.Empty(t, q.dead)
	d.requireStatus(t, "FULFILLED", ids...)
	require.Equal(t, 1, onEvents.Process().Number, "it never timed out")
}

// testPoisonMessages mixes updates that can never be applied with others: those are applied at
// once, and exactly the first become dead letters.
func testPoisonMessages(t *testing.T, d *deployment) {
	t.Parallel()
	q, ids := newQueue(t), d.createOrders(t, 17)
	onEvents := d.Start(t, testworld.OnEvents)
	poison := []any{
		testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{}, uuid.NewString()),
		testworld.FulfilmentUpdate("ecommerce.warehouse", "PackageCreated", map[string]any{"products": "none"}, ids[0]),
		testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryCompleted", map[string]any{}),
		"not an event",
	}
	for i, id := range ids {
		if i%4 == 0 && i/4 < len(poison) {
			q.send(poison[i/4])
		}
		q.send(testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryFailed", map[string]any{}, id))
	}
	q.deliver(t, onEvents)
	require.Len(t, q.messages, len(poison), "all others are applied at the first attempt")
	d.requireStatus(t, "DELIVERY_FAILED", ids...)

	for range q.maxReceives {
		require.Empty(t, q.dead)
		q.now += q.visibility
		q.deliver(t, onEvents)
	}
	require.Empty(t, q.messages)
	var want []string
	for _, p := range poison {
		want = append(want, string(testworld.Encode(p)))
	}
	require.ElementsMatch(t, want, q.dead, "dead letters are unchanged")
}
