package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// defaultTimeout is what order.Budget leaves for all checks together: a verdict that comes later
// comes too late.
const defaultTimeout = 4 * time.Second

// A check is one peer's check of new orders, with what this process has learned about the peer from
// all orders. It implements order.Checker.
type check struct {
	contract
	url      string
	options  Options
	latency  latency
	budget   retryBudget
	circuit  circuit
	counters counters
}

func newCheck(c contract, baseURL string, options Options) *check {
	return &check{contract: c, url: strings.TrimRight(baseURL, "/") + c.path, options: options}
}

// String returns the peer's name, for traces.
func (c *check) String() string { return c.peer }

// Check returns nil if the peer accepts the order. Otherwise the error is Rejected, or CheckFailed
// if there was no verdict.
func (c *check) Check(ctx context.Context, o order.Order) error {
	began := time.Now()
	err := c.decide(ctx, o)
	c.logResult(ctx, time.Since(began), err)
	return err
}

func (c *check) decide(ctx context.Context, o order.Order) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.options.Timeout, defaultTimeout))
	defer cancel()
	body, err := strictjson.Marshal(c.request(o))
	if err != nil {
		return c.failed(fmt.Errorf("encode request: %w", err))
	}
	if err := ctx.Err(); err != nil { // too late to learn anything about the peer
		return c.failed(err)
	}
	pass, err := c.circuit.enter()
	if err != nil {
		c.counters.skipped.Add(1)
		return c.failed(err)
	}
	result := c.send(ctx, pass, body, func(r strictjson.Object) error { return c.verdict(r, o) })
	c.learn(ctx, pass, result)
	if result.kind != gotVerdict {
		return c.failed(result.cause)
	}
	return result.verdict
}

// send sends the request as often as the pass allows.
func (c *check) send(ctx context.Context, pass *pass, body []byte, verdict func(strictjson.Object) error) result {
	c.counters.calls.Add(1)
	c.budget.deposit()
	attempts := maxAttempts
	if pass.isProbe() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, pass.limit)
		defer cancel()
		attempts = 1
	}
	return c.race(ctx, attempts, func(ctx context.Context) result { return c.attempt(ctx, body, verdict) })
}

// learn updates the circuit.
func (c *check) learn(ctx context.Context, pass *pass, r result) {
	switch {
	case r.kind == notSent, r.kind == failed && errors.Is(ctx.Err(), context.Canceled):
		c.circuit.leave(pass)
	case r.kind == failed:
		if c.circuit.failed(pass, r) {
			c.counters.openings.Add(1)
			c.warn(ctx, "circuit opened", slog.String("error", r.cause.Error()))
		}
	default:
		if c.circuit.responded() {
			c.warn(ctx, "circuit closed")
		}
	}
}

// failed returns the error of a check without a verdict.
func (c *check) failed(cause error) error {
	return &order.Error{
		Kind:    order.CheckFailed,
		Message: "Failure to contact the " + c.peer + " service",
		Err:     fmt.Errorf("%s: %w", c.peer, cause),
	}
}

// logResult logs each check at DEBUG. The text of a rejection is for the caller only, whose words
// it may repeat; the cause of a failure is logged with the order that is not stored.
func (c *check) logResult(ctx context.Context, took time.Duration, err error) {
	if c.options.Log == nil || !c.options.Log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	result := "accepted"
	switch order.KindOf(err) {
	case order.Rejected:
		result = "rejected"
	case order.CheckFailed:
		result = "failed"
	}
	c.options.Log.LogAttrs(ctx, slog.LevelDebug, "check "+result,
		slog.String("orderId", order.OrderIDFromContext(ctx)),
		slog.String("peer", c.peer),
		slog.Int64("milliseconds", took.Milliseconds()))
}

func (c *check) warn(ctx context.Context, message string, attributes ...slog.Attr) {
	if c.options.Log != nil {
		c.options.Log.LogAttrs(ctx, slog.LevelWarn, message, append([]slog.Attr{slog.String("peer", c.peer)}, attributes...)...)
	}
}
