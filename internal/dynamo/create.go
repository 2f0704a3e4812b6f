package dynamo

import (
	"context"
	"errors"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// Create stores o with one conditional write, which returns the stored order if there is one. See
// [order.Store].
func (s *Store) Create(ctx context.Context, o order.Order) (existing *order.Order, err error) {
	ctx, cancel := s.withBudget(ctx)
	defer cancel()
	var tried attempts
	sent := newItem(o)
	_, err = s.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           aws.String(s.Table),
		Item:                                sent,
		ConditionExpression:                 aws.String("attribute_not_exists(orderId)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, tried.observe)
	if err == nil {
		return nil, nil
	}
	conflict, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok || len(conflict.Item) == 0 {
		return nil, tried.failure(ctx, "create order "+o.OrderID, err)
	}
	if tried.mayHaveWritten && isWrittenBy(sent, conflict.Item) {
		return nil, nil
	}
	stored, err := readOrder(conflict.Item)
	if err != nil {
		return nil, err
	}
	return &stored, nil
}

// fulfilmentAttributes are the attributes that fulfilment updates change.
var fulfilmentAttributes = []string{"history", "modifiedDate", "products", "status", "total"}

// isWrittenBy reports whether the stored order is the one that was sent, written by an attempt
// whose response did not arrive. Since then, a fulfilment update may have changed it.
func isWrittenBy(sent, stored item) bool {
	ours, theirs := plain(sent), plain(stored)
	if reflect.DeepEqual(ours, theirs) {
		return true
	}
	if reflect.DeepEqual(ours["modifiedDate"], theirs["modifiedDate"]) {
		return false
	}
	for _, name := range fulfilmentAttributes {
		delete(ours, name)
		delete(theirs, name)
	}
	return reflect.DeepEqual(ours, theirs)
}
