// Package eventbus announces orders on an EventBridge bus with PutEvents.
package eventbus

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"orders/internal/order"
)

// A Publisher is an [order.Publisher] on an EventBridge bus. Its fields must be set before use and not be changed
// after; it is safe for concurrent use, and no two calls share anything but connections.
type Publisher struct {
	Client *eventbridge.Client // from [NewClient]
	Bus    string              // the bus's name or ARN

	// Jitter, in [0, 1), is the part of a pause that is kept, so that callers who failed together do not come back
	// together. It must be safe for concurrent use; nil: a random number.
	Jitter func() float64
}

var _ order.Publisher = (*Publisher)(nil)

const (
	// callBudget bounds calls whose context has no deadline: retries must end some time.
	callBudget = 30 * time.Second
	// answerReserve is kept of a call's time to give up requests and tell of it, or a tenth where there is less.
	answerReserve = 50 * time.Millisecond
)

// Publish sends events and returns one result for each; see [order.Publisher]. Between a try that failed and the next
// it pauses, a random time that grows with every try.
//
// EventBridge promises no order, neither among the entries of a request nor between requests. Whatever order it does
// keep is kept by sending an event only after the one before it was accepted. Where an answer got lost, an event is
// sent twice; should the bus carry out a request that was given up long ago, even out of its turn.
func (p *Publisher) Publish(ctx context.Context, events []order.Event) []error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	d := newDispatch(p, events)
	d.run(ctx)
	return d.results
}

// bounded is ctx with an end shortly before its own.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, callBudget)
	}
	return context.WithDeadline(ctx, end.Add(-min(answerReserve, time.Until(end)/10)))
}

func (p *Publisher) jitter() float64 {
	if p.Jitter == nil {
		return rand.Float64()
	}
	return p.Jitter()
}
