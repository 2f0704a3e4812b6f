package dynamo

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// Create stores o with one conditional write, which brings the stored order back where there is one. See
// [order.Store].
func (s *Store) Create(ctx context.Context, o order.Order) (existing *order.Order, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var tried attempts
	sent := newItem(o)
	_, err = s.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           aws.String(s.Table),
		Item:                                sent,
		ConditionExpression:                 aws.String("attribute_not_exists(orderId)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, tried.watch)
	if err == nil {
		return nil, nil
	}
	conflict, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok || len(conflict.Item) == 0 {
		return nil, tried.failure(ctx, "create order "+o.OrderID, err)
	}
	if tried.lost && landed(sent, conflict.Item) {
		return nil, nil
	}
	stored, err := readOrder(conflict.Item)
	if err != nil {
		return nil, unavailable("read order "+o.OrderID, err)
	}
	return &stored, nil
}

// fulfilmentWrites are the attributes that an order's way after its creation changes.
var fulfilmentWrites = []string{"modifiedDate", "products", "status", "total"}

// landed tells whether the stored order is the one that was sent: an attempt stored it, and its answer got lost. It
// may have gone further since, in what fulfilment writes and nothing else.
func landed(sent, stored item) bool {
	mine, errMine := imageOf(sent)
	theirs, errTheirs := imageOf(stored)
	if errMine != nil || errTheirs != nil {
		return false
	}
	differences := order.Changed(mine, theirs)
	if len(differences) == 0 {
		return true
	}
	isOther := func(name string) bool { return !slices.Contains(fulfilmentWrites, name) }
	return slices.Contains(differences, "modifiedDate") && !slices.ContainsFunc(differences, isOther)
}
