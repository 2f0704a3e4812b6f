package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// An OrderReport is what operators may see of an order: neither its address nor its payment token.
type OrderReport struct {
	OrderID       string        `json:"orderId"`
	Status        order.Status  `json:"status"`
	CreatedDate   string        `json:"createdDate"`
	ModifiedDate  string        `json:"modifiedDate"`
	Products      int           `json:"products"` // lines
	DeliveryPrice int64         `json:"deliveryPrice"`
	Total         int64         `json:"total"`
	History       order.History `json:"history"`
	Log           []LogLine     `json:"log"` // oldest first
}

// A LogLine is a log line about an order.
type LogLine struct {
	Time    string `json:"time"`
	Level   string `json:"level"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
	Error   string `json:"error,omitempty"`
}

// maxLogLines bounds the log lines of a report.
const maxLogLines = 200

// Order returns a report of an order, with its log lines since a time. An order that does not exist
// is an order.ErrNotFound.
func (o *Operator) Order(ctx context.Context, orderID string, since time.Time) (OrderReport, error) {
	if !order.ValidID(orderID) {
		return OrderReport{}, fmt.Errorf("%q is not an order ID", orderID)
	}
	stored, err := o.Orders.Get(ctx, orderID)
	if err != nil {
		return OrderReport{}, fmt.Errorf("get order %s: %w", orderID, err)
	}
	report := OrderReport{
		OrderID: orderID, Status: stored.Status, CreatedDate: string(stored.CreatedDate), ModifiedDate: string(stored.ModifiedDate),
		Products: len(stored.Products), DeliveryPrice: stored.DeliveryPrice, Total: stored.Total, History: stored.History,
	}
	if report.History == nil {
		report.History = order.History{}
	}
	report.Log, err = o.logOf(ctx, orderID, since)
	return report, err
}

// logOf returns the log lines of all functions about an order.
func (o *Operator) logOf(ctx context.Context, orderID string, since time.Time) ([]LogLine, error) {
	var groups []string
	for _, f := range o.Functions {
		groups = append(groups, f.LogGroup)
	}
	results, err := o.query(ctx, groups, since, fmt.Sprintf(
		`fields @timestamp, @message | filter orderId = "%s" and ispresent(level) | sort @timestamp asc | limit %d`, orderID, maxLogLines))
	return logLines(results), err
}

// query runs a query of Logs Insights and waits for its results.
func (o *Operator) query(ctx context.Context, groups []string, since time.Time, text string) ([][]types.ResultField, error) {
	query, err := o.Logs.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupNames: groups,
		StartTime:     aws.Int64(since.Unix()),
		EndTime:       aws.Int64(o.now().Add(time.Minute).Unix()),
		QueryString:   aws.String(text),
	})
	if err != nil {
		return nil, fmt.Errorf("query logs: %w", err)
	}
	for {
		results, err := o.Logs.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: query.QueryId})
		if err != nil {
			return nil, fmt.Errorf("query logs: %w", err)
		}
		switch results.Status {
		case types.QueryStatusComplete:
			return results.Results, nil
		case types.QueryStatusFailed, types.QueryStatusCancelled, types.QueryStatusTimeout:
			return nil, fmt.Errorf("query logs: %s", results.Status)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func logLines(results [][]types.ResultField) []LogLine {
	lines := []LogLine{}
	for _, fields := range results {
		for _, f := range fields {
			var line struct{ Timestamp, Level, Message, Reason, Error string }
			if aws.ToString(f.Field) == "@message" && json.Unmarshal([]byte(aws.ToString(f.Value)), &line) == nil {
				lines = append(lines, LogLine{line.Timestamp, line.Level, line.Message, line.Reason, line.Error})
			}
		}
	}
	return lines
}

// Publish publishes the current state of an order: as created, or else as a modification that
// consumers take for a new one, because modifiedDate and total have changed.
func (o *Operator) Publish(ctx context.Context, orderID string, asCreated bool) error {
	if !order.ValidID(orderID) {
		return fmt.Errorf("%q is not an order ID", orderID)
	}
	output, err := o.DynamoDB.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(o.Table),
		Key:            map[string]dynamotypes.AttributeValue{"orderId": &dynamotypes.AttributeValueMemberS{Value: orderID}},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("get order %s: %w", orderID, err)
	}
	if len(output.Item) == 0 {
		return fmt.Errorf("publish order %s: %w", orderID, order.ErrNotFound)
	}
	event, err := eventOf(output.Item, asCreated)
	if err != nil {
		return fmt.Errorf("publish order %s: %w", orderID, err)
	}
	if err := o.publishEvent(ctx, event); err != nil {
		return fmt.Errorf("publish order %s: %w", orderID, err)
	}
	return nil
}

// eventOf returns the event of table-update that publishes an item.
func eventOf(item map[string]dynamotypes.AttributeValue, asCreated bool) (json.RawMessage, error) {
	before := map[string]dynamotypes.AttributeValue{}
	for name, value := range item {
		before[name] = value
	}
	before["total"] = &dynamotypes.AttributeValueMemberN{Value: "0"}
	before["modifiedDate"] = item["createdDate"]
	if before["modifiedDate"] == nil {
		return nil, errors.New("it has no createdDate")
	}
	name, images := "INSERT", map[string]json.RawMessage{}
	for image, values := range map[string]map[string]dynamotypes.AttributeValue{
		"Keys": {"orderId": item["orderId"]}, "NewImage": item, "OldImage": before,
	} {
		var err error
		if images[image], err = attributevalue.MarshalMapJSON(values); err != nil {
			return nil, err
		}
	}
	if asCreated {
		delete(images, "OldImage")
	} else {
		name = "MODIFY"
	}
	return recordEvent(name, "0", images)
}
