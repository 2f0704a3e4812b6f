// Package dynamo keeps orders in a DynamoDB table, and translates between the table's items, the images of its
// stream and plain JSON.
//
// The table's partition key is orderId; its index "user" has userId and createdDate as keys and all attributes
// (contract, section 2).
package dynamo

import (
	"cmp"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// A Store is an [order.Store] on a DynamoDB table. Its fields must be set before use and not be changed after; it is
// safe for concurrent use. The client does the retrying: use one from [NewClient].
type Store struct {
	Client *dynamodb.Client
	Table  string // the table's name

	// Budget bounds calls whose context has no deadline: retries must end some time. 0: 5 s.
	Budget time.Duration
}

var _ order.Store = (*Store)(nil)

const callBudget = 5 * time.Second

func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, cmp.Or(s.Budget, callBudget))
}

// An item is an order, or a part of one, as the table holds it.
type item = map[string]types.AttributeValue

func keyOf(orderID string) item { return item{"orderId": text(orderID)} }

// readOrder reads what the table holds. The error tells the place of what cannot be read, not its value.
func readOrder(stored item) (order.Order, error) {
	image, err := imageOf(stored)
	if err != nil {
		return order.Order{}, err
	}
	return order.FromDocument(image.JSON())
}
