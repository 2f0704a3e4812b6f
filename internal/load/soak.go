package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"orders/internal/local/eventbridge"
	"orders/internal/memory"
	"orders/internal/order"
)

const (
	// weighed is how many orders are weighed to know what one takes.
	weighed = 2000

	// What memory may grow by, and how many goroutines more there may be at rest than before, for it to be called flat.
	spareBytes      = 8 << 20
	spareShare      = 0.1
	spareGoroutines = 10
)

// weigh is how many bytes of heap one order takes in what keeps orders and events in a local service until it ends:
// the memory table with its feed, and the bus's list. On AWS neither is in the functions' memory. It is measured by
// keeping some here, in the same types.
func weigh(ctx context.Context, b basket) (int64, error) {
	store, events := &memory.Store{}, eventbridge.New(eventbridge.Options{Name: "weighed"})
	orders := order.Service{Store: store}
	before := liveHeap()
	for i := range weighed {
		wanted := b.wanted
		wanted.PaymentToken = order.PaymentToken(fmt.Sprintf("%s-%d", b.wanted.PaymentToken, i))
		o, _, err := orders.Create(ctx, strings.Clone(b.customer.userID), wanted)
		if err != nil {
			return 0, err
		}
		stored, err := store.Get(ctx, o.OrderID)
		if err != nil {
			return 0, err
		}
		if _, err := events.Put("weighed", "ecommerce.orders", string(order.OrderCreated), []string{o.OrderID}, stored.Document, time.Time{}); err != nil {
			return 0, err
		}
	}
	each := (liveHeap() - before) / weighed
	runtime.KeepAlive(store)
	return each, events.Close(ctx)
}

// liveHeap is what is still used of the heap.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one's sweep may bring more to light
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// besidesKept is the live heap of a sample without the orders and events that are there to be kept.
func (r *result) besidesKept(s sample) int64 {
	return s.liveHeap - r.orderBytes*int64(min(s.ordered, len(r.outcomes)))
}

// A trend compares the second fifth of a run, by when everything is warm, with the last one, by their medians.
type trend struct{ early, late float64 }

func trendOf(samples []sample, figure func(sample) float64) trend {
	fifth := len(samples) / 5
	middle := func(part []sample) float64 {
		var all []float64
		for _, s := range part {
			all = append(all, figure(s))
		}
		return median(all)
	}
	return trend{middle(samples[fifth : 2*fifth]), middle(samples[len(samples)-fifth:])}
}

// isFlat tells whether the later figure is no more than a tenth, or than spareBytes, above the earlier one.
func (t trend) isFlat() bool { return t.late <= t.early+max(spareBytes, spareShare*t.early) }

// beginSoak takes down how a soak begins.
func (r *result) beginSoak(ctx context.Context, watch monitor, b basket) error {
	c, err := watch.condition(ctx)
	if err != nil {
		return err
	}
	r.before = c.Goroutines
	r.orderBytes, err = weigh(ctx, b)
	return err
}

// reportSoak tells whether memory and goroutines were flat, and errs if they were not. Goroutines are counted at rest,
// since under way they rise and fall with the requests and with the connections that are kept after a burst of these.
func reportSoak(out io.Writer, runs []*result) error {
	var errs []error
	for _, r := range runs {
		if len(r.samples) < 10 {
			fmt.Fprintf(out, "  %-11s too short to tell\n", "soak")
			continue
		}
		heap := trendOf(r.samples, func(s sample) float64 { return float64(r.besidesKept(s)) })
		flat := heap.isFlat() && r.rested <= r.before+spareGoroutines
		word := "flat"
		if !flat {
			word = "NOT flat"
			errs = append(errs, errors.New("the service grew"))
		}
		fmt.Fprintf(out, "  %-11s %s: heap besides the orders and events kept (%d bytes each) %s, later %s; goroutines %d before, %d at rest after\n",
			"soak", word, r.orderBytes, megabytes(int64(heap.early)), megabytes(int64(heap.late)), r.before, r.rested)
		fmt.Fprintf(out, "  %-11s (heap: medians of the second fifth and the last, which may be a tenth or %s higher; goroutines: may be %d more)\n",
			"", megabytes(spareBytes), spareGoroutines)
	}
	return errors.Join(errs...)
}
