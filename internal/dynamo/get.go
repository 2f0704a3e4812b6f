package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/order"
)

// Get reads an order, strongly consistent. See [order.Store].
func (s *Store) Get(ctx context.Context, orderID string) (order.Order, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var tried attempts
	out, err := s.Client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(s.Table),
		Key:            keyOf(orderID),
		ConsistentRead: aws.Bool(true),
	}, tried.watch)
	switch {
	case err != nil:
		return order.Order{}, tried.failure(ctx, "get order "+orderID, err)
	case len(out.Item) == 0:
		return order.Order{}, order.ErrNotFound
	}
	stored, err := readOrder(out.Item)
	if err != nil {
		return order.Order{}, unavailable("read order "+orderID, err)
	}
	return stored, nil
}
