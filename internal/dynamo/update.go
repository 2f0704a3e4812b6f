package dynamo

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

const (
	maxRounds  = 10                    // of reading and writing; only concurrent writers use them up
	roundDelay = 20 * time.Millisecond // the longest delay before the next round, so that two writers part
)

var errContended = errors.New("too many concurrent updates")

// Update reads the order's progress, calls change, and writes the differences, guarded. See
// [order.Store].
func (s *Store) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (changed bool, err error) {
	ctx, cancel := s.withBudget(ctx)
	defer cancel()
	var maybeWritten *revision // by the previous round, whose response may not have arrived
	for range maxRounds {
		before, err := s.readProgress(ctx, orderID)
		if err != nil {
			return false, err
		}
		if maybeWritten != nil && maybeWritten.isStoredAs(before.progress) {
			return true, nil
		}
		after, err := change(before.progress.Clone())
		if err != nil || after.Equal(before.progress) {
			return false, err
		}
		var tried attempts
		next := revision{before, after}
		err = s.writeProgress(ctx, orderID, next, &tried)
		if err == nil {
			return true, nil
		}
		if _, conflict := errors.AsType[*types.ConditionalCheckFailedException](err); !conflict {
			return false, tried.failure(ctx, "update order "+orderID, err)
		}
		if maybeWritten = nil; tried.mayHaveWritten {
			maybeWritten = &next
		}
		if err := waitBetweenRounds(ctx); err != nil {
			return false, unavailable("update order "+orderID, err)
		}
	}
	return false, unavailable("update order "+orderID, errContended)
}

// A snapshot is an order's progress with the attributes that it was read from.
type snapshot struct {
	stored   item
	progress order.Progress
}

func (s *Store) readProgress(ctx context.Context, orderID string) (snapshot, error) {
	attributes := order.ProgressAttributes()
	names := make(map[string]string, len(attributes))
	projection := make([]string, len(attributes))
	for i, name := range attributes {
		projection[i] = "#" + name // status and total are reserved words of DynamoDB
		names[projection[i]] = name
	}
	var tried attempts
	out, err := s.Client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:                aws.String(s.Table),
		Key:                      keyOf(orderID),
		ConsistentRead:           aws.Bool(true),
		ProjectionExpression:     aws.String(strings.Join(projection, ", ")),
		ExpressionAttributeNames: names,
	}, tried.observe)
	switch {
	case err != nil:
		return snapshot{}, tried.failure(ctx, "get order "+orderID, err)
	case len(out.Item) == 0:
		return snapshot{}, order.ErrNotFound
	}
	o, err := order.FromAttributes(plain(out.Item))
	return snapshot{out.Item, o.Progress()}, err
}

func (s *Store) writeProgress(ctx context.Context, orderID string, next revision, tried *attempts) error {
	e, err := next.expression()
	if err != nil {
		return err
	}
	_, err = s.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 aws.String(s.Table),
		Key:                       keyOf(orderID),
		UpdateExpression:          aws.String("SET " + strings.Join(e.assignments, ", ")),
		ConditionExpression:       aws.String("attribute_exists(orderId) AND " + strings.Join(e.guards, " AND ")),
		ExpressionAttributeNames:  e.names,
		ExpressionAttributeValues: e.values,
		ReturnValues:              types.ReturnValueNone, // anything else would read attributes outside of Progress
	}, tried.observe)
	return err
}

func waitBetweenRounds(ctx context.Context) error {
	timer := time.NewTimer(rand.N(roundDelay))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
