package simulation

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/handler"
	"orders/internal/order"
)

func dropCreateCondition(input any) any {
	if put, ok := input.(*dynamodb.PutItemInput); ok {
		changed := *put // the SDK retries with its own
		changed.ConditionExpression = nil
		return &changed
	}
	return input
}

func dropUpdateGuard(input any) any { return guardUpdate(input, nil) }

func guardByStatusAlone(input any) any {
	return guardUpdate(input, aws.String("#status = :old_status"))
}

func guardUpdate(input any, condition *string) any {
	if update, ok := input.(*dynamodb.UpdateItemInput); ok {
		changed := *update
		changed.ConditionExpression = condition
		return &changed
	}
	return input
}

func refuse(error) error { return status(http.StatusBadRequest, "ThrottlingException") }

func dropFilter(input any) any {
	if query, ok := input.(*dynamodb.QueryInput); ok {
		changed := *query
		changed.FilterExpression = nil
		return &changed
	}
	return input
}

// An impatientStore ends a list at a page without orders.
type impatientStore struct{ order.Store }

func (s impatientStore) List(ctx context.Context, q order.Query) (order.Page, error) {
	page, err := s.Store.List(ctx, q)
	if len(page.Orders) == 0 {
		page.Next = nil
	}
	return page, err
}

// A replayingStore reports an order that was stored before as new.
type replayingStore struct{ order.Store }

func (s replayingStore) Create(ctx context.Context, o order.Order) (*order.Order, error) {
	existing, err := s.Store.Create(ctx, o)
	if existing != nil && existing.UserID == o.UserID {
		return nil, nil
	}
	return existing, err
}

// A fallingStatusStore shows every order as NEW, so that any status is a rise.
type fallingStatusStore struct{ order.Store }

func (s fallingStatusStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		before.Status = order.New
		return change(before)
	})
}

// A staleTotalStore reduces the products and keeps the total.
type staleTotalStore struct{ order.Store }

func (s staleTotalStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		after.Total = before.Total
		return after, err
	})
}

// A frozenDateStore keeps the modifiedDate.
type frozenDateStore struct{ order.Store }

func (s frozenDateStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		after.ModifiedDate = before.ModifiedDate
		return after, err
	})
}

// A forgetfulStore keeps the history.
type forgetfulStore struct{ order.Store }

func (s forgetfulStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		after.History = before.History
		return after, err
	})
}

// A failOpenChecker accepts an order if the check fails.
type failOpenChecker struct{ order.Checker }

func (c failOpenChecker) Check(ctx context.Context, o order.Order) error {
	if err := c.Checker.Check(ctx, o); order.KindOf(err) == order.Rejected {
		return err
	}
	return nil
}

// A onceOnlyPublisher attempts every event once, and reports success.
type onceOnlyPublisher struct{ order.Publisher }

func (p onceOnlyPublisher) Publish(ctx context.Context, events []order.Event) []error {
	ctx, cancel := context.WithTimeout(ctx, quantum) // too little for a retry
	defer cancel()
	p.Publisher.Publish(ctx, events)
	return make([]error, len(events))
}

// A reversingPublisher sends the last event first.
type reversingPublisher struct{ order.Publisher }

func (p reversingPublisher) Publish(ctx context.Context, events []order.Event) []error {
	backwards := slices.Clone(events)
	slices.Reverse(backwards)
	results := p.Publisher.Publish(ctx, backwards)
	slices.Reverse(results)
	return results
}

// A wrongImagePublisher publishes a modification with the old image in place of the new one.
type wrongImagePublisher struct{ order.Publisher }

func (p wrongImagePublisher) Publish(ctx context.Context, events []order.Event) []error {
	for i := range events {
		if events[i].Type != order.OrderModified {
			continue
		}
		var detail order.Modification
		decode(events[i].Detail, &detail)
		detail.New = detail.Old
		events[i].Detail = encode(detail)
	}
	return p.Publisher.Publish(ctx, events)
}

// numbersOf returns the sequence numbers of a batch, and the first that a response reports, or ""
// if it reports none.
func numbersOf(batch, answer []byte) (all []string, reported string) {
	var records struct {
		Records []struct {
			Dynamodb struct{ SequenceNumber string }
		}
	}
	decode(batch, &records)
	for _, r := range records.Records {
		all = append(all, r.Dynamodb.SequenceNumber)
	}
	var response struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if json.Unmarshal(answer, &response) == nil && len(response.BatchItemFailures) > 0 {
		reported = response.BatchItemFailures[0].ItemIdentifier
	}
	return all, reported
}

func report(number string) []byte {
	return encode(map[string]any{"batchItemFailures": []any{map[string]any{"itemIdentifier": number}}})
}

func reportLast(batch, answer []byte, err error) ([]byte, error) {
	if all, reported := numbersOf(batch, answer); err == nil && reported != "" {
		return report(all[len(all)-1]), nil
	}
	return answer, err
}

func reportNext(batch, answer []byte, err error) ([]byte, error) {
	all, reported := numbersOf(batch, answer)
	if i := slices.Index(all, reported); err == nil && i >= 0 && i+1 < len(all) {
		return report(all[i+1]), nil
	}
	return answer, err
}

func reportNothing(batch, answer []byte, err error) ([]byte, error) {
	if _, reported := numbersOf(batch, answer); err == nil && reported != "" {
		return []byte(`{"batchItemFailures":[]}`), nil
	}
	return answer, err
}

func neverFail(batch, answer []byte, err error) ([]byte, error) {
	if all, _ := numbersOf(batch, nil); err != nil {
		return report(all[0]), nil
	}
	return answer, err
}

// A ghostlessStore reports an update for an unknown order as applied.
type ghostlessStore struct{ order.Store }

func (s ghostlessStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	changed, err := s.Store.Update(ctx, orderID, change)
	if order.KindOf(err) == order.NotFound {
		return false, nil
	}
	return changed, err
}

// reportFirst reports the first of the messages that failed.
func reportFirst(_, answer []byte, err error) ([]byte, error) {
	if _, reported := numbersOf([]byte(`{}`), answer); err == nil && reported != "" {
		return report(reported), nil
	}
	return answer, err
}

func sleepForever(_, answer []byte, err error) ([]byte, error) {
	time.Sleep(2 * endOfTime)
	return answer, err
}

type doubleMetrics struct{ handler.ResponseMetrics }

func (m doubleMetrics) CountResponse(ctx context.Context, orderID string, failed bool, counts map[string]int64) {
	m.ResponseMetrics.CountResponse(ctx, orderID, failed, counts)
	m.ResponseMetrics.CountResponse(ctx, orderID, failed, counts)
}

type noMetrics struct{}

func (noMetrics) Count(context.Context, string, map[string]int64) {}

func (noMetrics) CountResponse(context.Context, string, bool, map[string]int64) {}
