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
	"orders/internal/percentile"
)

const (
	// sizedOrders is how many orders are stored to find out what one takes.
	sizedOrders = 2000

	// What memory may grow by, and goroutines at rest, and still be called flat.
	byteSlack      = 8 << 20
	shareSlack     = 0.1
	goroutineSlack = 10
)

// orderSize returns how many bytes of heap one order takes in what keeps orders and events in a
// local service until it ends: the memory table with its change feed, and the bus's list. On AWS
// neither is in the functions' memory. It is measured by storing some here, in the same types.
func orderSize(ctx context.Context, request orderRequest) (int64, error) {
	store, bus := &memory.Store{}, eventbridge.New(eventbridge.Options{Name: "size"})
	orders := order.Service{Store: store}
	before := liveHeap()
	for i := range sizedOrders {
		want := request.want
		want.PaymentToken = order.PaymentToken(fmt.Sprintf("%s-%d", want.PaymentToken, i))
		o, _, err := orders.Create(ctx, strings.Clone(request.customer.userID), want)
		if err != nil {
			return 0, err
		}
		stored, err := store.Get(ctx, o.OrderID)
		if err != nil {
			return 0, err
		}
		_, err = bus.Put("size", "ecommerce.orders", string(order.OrderCreated), []string{o.OrderID}, stored.Document, time.Time{})
		if err != nil {
			return 0, err
		}
	}
	each := (liveHeap() - before) / sizedOrders
	runtime.KeepAlive(store)
	runtime.KeepAlive(bus)
	return each, nil
}

// liveHeap returns the bytes of the heap that are still in use.
func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one's sweep may free more
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// ownHeap returns the live heap of a sample without the orders and events that are there to be
// kept.
func (r *run) ownHeap(s sample) int64 {
	return s.liveHeap - r.orderBytes*int64(min(s.orders, len(r.responses)))
}

// A trend compares the medians of the second fifth of a run, by when everything is warm, and of the
// last one.
type trend struct{ early, late float64 }

func trendOf(samples []sample, figure func(sample) float64) trend {
	fifth := len(samples) / 5
	middle := func(part []sample) float64 {
		var all []float64
		for _, s := range part {
			all = append(all, figure(s))
		}
		return percentile.Median(all)
	}
	return trend{middle(samples[fifth : 2*fifth]), middle(samples[len(samples)-fifth:])}
}

// isFlat reports whether the later figure is at most a tenth, or byteSlack, above the earlier one.
func (t trend) isFlat() bool { return t.late <= t.early+max(byteSlack, shareSlack*t.early) }

// beginSoak measures what the end of a soak is compared with.
func (r *run) beginSoak(ctx context.Context, m monitor, request orderRequest) error {
	s, err := m.status(ctx)
	if err != nil {
		return err
	}
	r.before = s.Goroutines
	r.orderBytes, err = orderSize(ctx, request)
	return err
}

// reportSoak writes whether memory and goroutines were flat, and returns an error if they were not.
// Goroutines are counted at rest, because under load they rise and fall with requests and idle
// connections.
func reportSoak(out io.Writer, runs []*run) error {
	var errs []error
	for _, r := range runs {
		if len(r.samples) < 10 {
			fmt.Fprintf(out, "  %-11s too short to report\n", "soak")
			continue
		}
		heap := trendOf(r.samples, func(s sample) float64 { return float64(r.ownHeap(s)) })
		word := "flat"
		if !heap.isFlat() || r.after > r.before+goroutineSlack {
			word = "NOT flat"
			errs = append(errs, errors.New("the service grew"))
		}
		fmt.Fprintf(out, "  %-11s %s: heap without the orders and events kept (%d bytes each) %s, later %s; "+
			"goroutines %d before, %d at rest after\n",
			"soak", word, r.orderBytes, megabytes(int64(heap.early)), megabytes(int64(heap.late)), r.before, r.after)
		fmt.Fprintf(out, "  %-11s (heap: medians of the second fifth and the last, which may be a tenth or %s higher; "+
			"goroutines: may be %d more)\n", "", megabytes(byteSlack), goroutineSlack)
	}
	return errors.Join(errs...)
}
