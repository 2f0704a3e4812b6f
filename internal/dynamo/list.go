package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

const userIndex = "user"

// List reads one page of the user's orders with one query. See [order.Store].
func (s *Store) List(ctx context.Context, userID string, limit int, after *order.Position) (order.Page, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var tried attempts
	out, err := s.Client.Query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(s.Table),
		IndexName:                 aws.String(userIndex),
		KeyConditionExpression:    aws.String("userId = :userId"),
		ExpressionAttributeValues: item{":userId": text(userID)},
		ScanIndexForward:          aws.Bool(false),
		Limit:                     aws.Int32(int32(limit)),
		ExclusiveStartKey:         startKey(userID, after),
	}, tried.watch)
	if err != nil {
		return order.Page{}, tried.failure(ctx, "list orders", err)
	}
	return readPage(out)
}

// startKey is the place after which a page begins. Its user is the caller, whatever the position is.
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

func readPage(out *dynamodb.QueryOutput) (order.Page, error) {
	page := order.Page{Orders: make([]order.Order, 0, len(out.Items))}
	for _, stored := range out.Items {
		o, err := readOrder(stored)
		if err != nil {
			return order.Page{}, unavailable("read order "+textOf(stored, "orderId"), err)
		}
		page.Orders = append(page.Orders, o)
	}
	if last := out.LastEvaluatedKey; len(last) > 0 {
		page.Next = &order.Position{CreatedDate: order.Date(textOf(last, "createdDate")), OrderID: textOf(last, "orderId")}
	}
	return page, nil
}

// textOf is an attribute that is a text, and otherwise empty.
func textOf(stored item, name string) string {
	if s, ok := stored[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
