// Package dynamo keeps orders in a DynamoDB table.
//
// The table's partition key is orderId. Its index "user" has the keys userId and createdDate and
// projects all attributes, as in template.yaml.
package dynamo

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A Store is an [order.Store] on a DynamoDB table. Set its fields before use and do not change them
// afterwards. It is safe for concurrent use. The client retries: use one from [NewClient].
type Store struct {
	Client *dynamodb.Client
	Table  string // the table's name

	// Budget bounds calls whose context has no deadline. 0 means 5 s.
	Budget time.Duration
}

var _ order.Store = (*Store)(nil)

const (
	callBudget = 5 * time.Second
	userIndex  = "user"
)

// Get returns the order with this ID, read with strong consistency. See [order.Store].
func (s *Store) Get(ctx context.Context, orderID string) (order.Order, error) {
	ctx, cancel := s.withBudget(ctx)
	defer cancel()
	var tried attempts
	out, err := s.Client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(s.Table),
		Key:            keyOf(orderID),
		ConsistentRead: aws.Bool(true),
	}, tried.observe)
	switch {
	case err != nil:
		return order.Order{}, tried.failure(ctx, "get order "+orderID, err)
	case len(out.Item) == 0:
		return order.Order{}, order.ErrNotFound
	}
	return readOrder(out.Item)
}

// List returns a page of a user's orders, read with one query. See [order.Store].
func (s *Store) List(ctx context.Context, q order.Query) (order.Page, error) {
	ctx, cancel := s.withBudget(ctx)
	defer cancel()
	var tried attempts
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(s.Table),
		IndexName:                 aws.String(userIndex),
		KeyConditionExpression:    aws.String("userId = :userId"),
		ExpressionAttributeValues: item{":userId": text(q.UserID)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(int32(q.Limit)),
		ExclusiveStartKey:         startKey(q.UserID, q.After),
	}
	if q.Status != "" {
		in.FilterExpression = aws.String("#status = :status")
		in.ExpressionAttributeNames = map[string]string{"#status": "status"}
		in.ExpressionAttributeValues[":status"] = text(string(q.Status))
	}
	out, err := s.Client.Query(ctx, in, tried.observe)
	if err != nil {
		return order.Page{}, tried.failure(ctx, "list orders", err)
	}
	return readPage(out), nil
}

// startKey returns the key after which a page begins. Its user is the caller, whatever the position
// is.
func startKey(userID string, after *order.Position) item {
	if after == nil {
		return nil
	}
	return item{
		"userId":      text(userID),
		"createdDate": text(string(after.CreatedDate)),
		"orderId":     text(after.OrderID),
	}
}

func readPage(out *dynamodb.QueryOutput) order.Page {
	page := order.Page{Orders: make([]order.Order, 0, len(out.Items))}
	for _, stored := range out.Items {
		o, err := order.FromAttributes(plain(stored))
		if unreadable, ok := errors.AsType[*order.UnreadableItem](err); ok {
			page.Unreadable = append(page.Unreadable, unreadable)
			continue
		}
		page.Orders = append(page.Orders, o)
	}
	if last := out.LastEvaluatedKey; len(last) > 0 {
		page.Next = &order.Position{CreatedDate: order.Date(textOf(last, "createdDate")), OrderID: textOf(last, "orderId")}
	}
	return page
}

// readOrder reads a whole item, with its document.
func readOrder(stored item) (order.Order, error) {
	attributes := plain(stored)
	o, err := order.FromAttributes(attributes)
	if err != nil {
		return order.Order{}, err
	}
	if o.Document, err = strictjson.Marshal(attributes); err != nil {
		return order.Order{}, unavailable("encode order "+o.OrderID, err)
	}
	return o, nil
}

func keyOf(orderID string) item { return item{"orderId": text(orderID)} }

// textOf returns an attribute that is a string, or "".
func textOf(stored item, name string) string {
	if s, ok := stored[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// withBudget returns ctx with a deadline.
func (s *Store) withBudget(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, cmp.Or(s.Budget, callBudget))
}
