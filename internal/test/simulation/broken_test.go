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

// What follows are the breaks, each as one fault in the code under test would be.

func dropCreateCondition(input any) any {
	if put, ok := input.(*dynamodb.PutItemInput); ok {
		changed := *put // the SDK sends its own again
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

// forgetfulStore does not tell that it had the very same order already.
type forgetfulStore struct{ order.Store }

func (s forgetfulStore) Create(ctx context.Context, o order.Order) (*order.Order, error) {
	existing, err := s.Store.Create(ctx, o)
	if existing != nil && existing.UserID == o.UserID {
		return nil, nil
	}
	return existing, err
}

// fallingStore shows every order as new, so that any status is a rise.
type fallingStore struct{ order.Store }

func (s fallingStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		before.Status = order.New
		return change(before)
	})
}

// staleTotalStore cuts products and keeps the total.
type staleTotalStore struct{ order.Store }

func (s staleTotalStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		after.Total = before.Total
		return after, err
	})
}

// timelessStore keeps the modifiedDate.
type timelessStore struct{ order.Store }

func (s timelessStore) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	return s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		after, err := change(before)
		after.ModifiedDate = before.ModifiedDate
		return after, err
	})
}

// openChecker fails open.
type openChecker struct{ order.Checker }

func (c openChecker) Check(ctx context.Context, o order.Order) error {
	if err := c.Checker.Check(ctx, o); order.KindOf(err) == order.Rejected {
		return err
	}
	return nil
}

// deafPublisher gives every event one try, and takes it for sent.
type deafPublisher struct{ order.Publisher }

func (p deafPublisher) Publish(ctx context.Context, events []order.Event) []error {
	ctx, cancel := context.WithTimeout(ctx, quantum) // too little for a retry
	defer cancel()
	p.Publisher.Publish(ctx, events)
	return make([]error, len(events))
}

// hastyPublisher sends the last event first.
type hastyPublisher struct{ order.Publisher }

func (p hastyPublisher) Publish(ctx context.Context, events []order.Event) []error {
	backwards := slices.Clone(events)
	slices.Reverse(backwards)
	results := p.Publisher.Publish(ctx, backwards)
	slices.Reverse(results)
	return results
}

// mixedUpPublisher announces a modification with the old image in the place of the new one.
type mixedUpPublisher struct{ order.Publisher }

func (p mixedUpPublisher) Publish(ctx context.Context, events []order.Event) []error {
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

// numbersOf lists the sequence numbers of a batch, and the first that an answer reports, empty if it reports none.
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
	var said struct {
		BatchItemFailures []struct{ ItemIdentifier string }
	}
	if json.Unmarshal(answer, &said) == nil && len(said.BatchItemFailures) > 0 {
		reported = said.BatchItemFailures[0].ItemIdentifier
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

func swallow(err error) error {
	if order.KindOf(err) == order.NotFound {
		return nil
	}
	return err
}

func swallowAll(error) error { return nil }

func sleepForEver(err error) error {
	time.Sleep(2 * endOfTime)
	return err
}

type doubleMetrics struct{ handler.Metrics }

func (m doubleMetrics) Count(ctx context.Context, orderID string, counts map[string]int64) {
	m.Metrics.Count(ctx, orderID, counts)
	m.Metrics.Count(ctx, orderID, counts)
}

type noMetrics struct{}

func (noMetrics) Count(context.Context, string, map[string]int64) {}
