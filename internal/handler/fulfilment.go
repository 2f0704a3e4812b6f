package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A FulfilmentEvent is a kind of EventBridge event that contains a fulfilment update.
type FulfilmentEvent struct {
	Source, DetailType string
	Status             order.Status // of the update
}

// FulfilmentEvents returns all kinds of events that OnEvents handles, and therefore that the rules
// of the event bus must match.
func FulfilmentEvents() []FulfilmentEvent {
	return []FulfilmentEvent{
		{"ecommerce.warehouse", "PackageCreated", order.Packaged},
		{"ecommerce.warehouse", "PackagingFailed", order.PackagingFailed},
		{"ecommerce.delivery", "DeliveryCompleted", order.Fulfilled},
		{"ecommerce.delivery", "DeliveryFailed", order.DeliveryFailed},
	}
}

// A fulfilmentUpdate is one event of warehouse or delivery, with the errors of applying it.
type fulfilmentUpdate struct {
	source, detailType string
	known              bool // whether it is one of FulfilmentEvents
	update             order.FulfilmentUpdate
	orderIDs           []string // without duplicates

	mu       sync.Mutex
	errs     []error // at most maxErrors
	failures int
}

// maxErrors bounds the orders that an error text names.
const maxErrors = 10

// fail records a failure, of the event or of one of its orders.
func (u *fulfilmentUpdate) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.failures++; len(u.errs) < maxErrors {
		u.errs = append(u.errs, err)
	}
}

// err returns the failures as one error, or nil.
func (u *fulfilmentUpdate) err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if more := u.failures - len(u.errs); more > 0 {
		return errors.Join(append(slices.Clone(u.errs), fmt.Errorf("and %d more orders", more))...)
	}
	return errors.Join(u.errs...)
}

// parseUpdate parses an EventBridge event. It reads only the fields that are used, and of an event
// of an unknown kind only that kind. The error contains no value of the event.
func parseUpdate(data []byte) (*fulfilmentUpdate, error) {
	u := &fulfilmentUpdate{}
	members, err := strictjson.Members(data)
	if err != nil {
		return u, fmt.Errorf("not an EventBridge event: %w", err)
	}
	if err := errors.Join(decodeMember(members, "source", &u.source), decodeMember(members, "detail-type", &u.detailType)); err != nil {
		return u, err
	}
	for _, kind := range FulfilmentEvents() {
		if kind.Source == u.source && kind.DetailType == u.detailType {
			u.known, u.update.Status = true, kind.Status
		}
	}
	if !u.known {
		return u, nil
	}
	var orderIDs []string
	if err := decodeMember(members, "resources", &orderIDs); err != nil {
		return u, err
	}
	if len(orderIDs) == 0 {
		return u, errors.New("/resources: must name an order")
	}
	if u.update.Status == order.Packaged {
		if u.update.Package, err = order.ParsePackageCreated(members["detail"]); err != nil {
			return u, err
		}
	}
	u.orderIDs = withoutDuplicates(orderIDs)
	return u, nil
}

func decodeMember(members map[string]json.RawMessage, name string, value any) error {
	if text, ok := members[name]; ok && json.Unmarshal(text, value) != nil {
		return fmt.Errorf("/%s: has the wrong type", name)
	}
	return nil
}

func withoutDuplicates(all []string) []string {
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(each string) bool {
		duplicate := seen[each]
		seen[each] = true
		return duplicate
	})
}

// concurrency is how many orders one invocation updates at once: all of a usual batch of SQS
// messages, which name one order each.
const concurrency = 10

// runAll runs the tasks, some of them at the same time, and returns when all have ended. Each has a
// fair share of the time that is left, so that those that hang do not use up the time of the
// others.
func runAll(ctx context.Context, tasks []func(context.Context)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(concurrency, len(tasks)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(tasks); i = int(next.Add(1)) - 1 {
				rounds := (len(tasks) - i + concurrency - 1) / concurrency
				runWithin(ctx, rounds, tasks[i])
			}
		})
	}
	workers.Wait()
}

// runWithin runs a task in its share of ctx's time, the nth part.
func runWithin(ctx context.Context, n int, task func(context.Context)) {
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(n))
		defer cancel()
	}
	task(ctx)
}
