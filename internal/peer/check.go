package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"orders/internal/order"
	"orders/internal/strictjson"
)

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

// Peer returns the peer's name.
func (c *check) Peer() string { return c.peer }

// Check returns nil if the peer accepts the order. Otherwise the error is Rejected, or CheckFailed
// if there was no verdict before ctx ended.
func (c *check) Check(ctx context.Context, o order.Order) error {
	began := time.Now()
	err := c.decide(ctx, o)
	c.logResult(ctx, time.Since(began), err)
	return err
}

func (c *check) decide(ctx context.Context, o order.Order) error {
	body, err := strictjson.Marshal(c.request(o))
	if err != nil {
		return c.failed(fmt.Errorf("encode request: %w", err))
	}
	if err := ctx.Err(); err != nil { // too late to learn anything about the peer
		return c.failed(err)
	}
	entered, err := c.circuit.enter()
	if err != nil {
		c.counters.skipped.Add(1)
		return c.failed(err)
	}
	c.counters.calls.Add(1)
	c.budget.deposit()
	result := c.race(ctx, func(ctx context.Context) result {
		return c.attempt(ctx, body, func(r strictjson.Object) error { return c.verdict(r, o) })
	})
	c.leave(ctx, entered, result)
	if result.kind != gotVerdict {
		return c.failed(result.cause)
	}
	return result.verdict
}

// leave tells the circuit whether the peer was silent. A check whose caller was canceled does not
// know.
func (c *check) leave(ctx context.Context, e *entry, r result) {
	var noResponse error
	if r.kind == silent && !errors.Is(ctx.Err(), context.Canceled) {
		noResponse = r.cause
	}
	if c.circuit.leave(e, noResponse) {
		c.counters.openings.Add(1)
		c.warn(ctx, "circuit opened", slog.String("error", r.cause.Error()))
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
