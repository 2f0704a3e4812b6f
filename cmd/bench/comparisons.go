package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/order"
)

// A program is a binary to measure.
type program struct {
	name   string
	binary string
	expect string // part of every response
}

// A comparison is a function, what it is compared with, and the events that all get.
type comparison struct {
	name     string
	programs []program                             // the function first
	event    func(*dependencies) ([]byte, error)   // a new one each time
	env      func(*dependencies) map[string]string // besides that of all programs; nil: none
	records  int                                   // stream records in an event
}

// comparisons returns the lines of the table. The function is compared with the same function of
// another commit, if there is one, with the least that a Go function can be, and with its floor.
func comparisons(o options) []comparison {
	compare := func(c comparison, function, expect string) comparison {
		c.name = cmp.Or(c.name, function)
		c.programs = append(c.programs, program{function, filepath.Join(o.binaries, function), expect})
		if o.baseline != "" {
			c.programs = append(c.programs, program{"baseline", filepath.Join(o.baseline, function), expect})
		}
		if c.env == nil { // the floors neither retry nor know another bus
			c.programs = append(c.programs,
				program{"hello", filepath.Join(o.floors, "hello"), ""},
				program{"floor", filepath.Join(o.floors, function), ""})
		}
		return c
	}
	const none = `{"batchItemFailures":[]}`
	rejecting := func(d *dependencies) map[string]string {
		return map[string]string{busVariable: d.rejectingBus}
	}
	return []comparison{
		compare(comparison{event: createEvent}, "create-order", `"success":true`),
		compare(comparison{event: getEvent}, "get-order", `"statusCode":200`),
		compare(comparison{event: packageEvent}, "on-events", none),
		compare(comparison{name: "table-update, 1 record", event: streamEvent(1), records: 1}, "table-update", none),
		compare(comparison{name: "table-update, 100 records", event: streamEvent(100), records: 100}, "table-update", none),
		compare(comparison{name: "table-update, 100 records, 3 % rejected", event: streamEvent(100), records: 100,
			env: rejecting}, "table-update", none),
	}
}

// newOrder returns an order of five products that all peers accept.
func newOrder() order.Order {
	now, token := order.NewDate(time.Now()), order.PaymentToken(uuid.NewString())
	optional := func(text string) *string { return &text }
	o := order.Order{
		OrderID: order.IDFor(token), UserID: uuid.NewString(), Status: order.New, CreatedDate: now, ModifiedDate: now,
		Address: order.Address{
			Name: "Ada Example", CompanyName: optional("Example Company"), StreetAddress: "100 Sample Street",
			PostCode: optional("75001"), City: "Paris", State: optional("Paris"), Country: "FR",
			PhoneNumber: "+33-1-99-00-01-02",
		},
		DeliveryPrice: deliveryPrice, PaymentToken: token, Total: deliveryPrice,
	}
	for i := range int64(5) {
		p := order.Product{
			ProductID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1), Name: fmt.Sprintf("Product %d", i+1),
			Package: order.Package{Width: 200 + 10*i, Length: 150, Height: 50, Weight: 300 + 50*i},
			Price:   1000 + 100*i, Quantity: i + 1,
		}
		o.Products, o.Total = append(o.Products, p), o.Total+p.Price*p.Quantity
	}
	return o
}

// createEvent is a direct invocation.
func createEvent(*dependencies) ([]byte, error) {
	o := newOrder()
	return json.Marshal(map[string]any{"userId": o.UserID, "order": map[string]any{
		"products": o.Products, "address": o.Address, "deliveryPrice": o.DeliveryPrice, "paymentToken": o.PaymentToken,
	}})
}

// getEvent is API Gateway's when a service reads an order.
func getEvent(d *dependencies) ([]byte, error) {
	o := newOrder()
	d.table.put(o)
	return json.Marshal(map[string]any{
		"resource": "/backend/{orderId}", "path": "/backend/" + o.OrderID, "httpMethod": "GET",
		"headers":        map[string]string{"Accept": "*/*", "Host": "bench.execute-api.eu-west-1.amazonaws.com"},
		"pathParameters": map[string]string{"orderId": o.OrderID},
		"requestContext": map[string]any{
			"resourcePath": "/backend/{orderId}", "httpMethod": "GET", "stage": "bench",
			"identity": map[string]string{
				"userArn": "arn:aws:sts::123456789012:assumed-role/bench/bench", "sourceIp": "192.0.2.1",
			},
		},
	})
}

// packageEvent is the queue's, with one update of the warehouse for a new order that is packed
// completely: on-events reads the order and writes it.
func packageEvent(d *dependencies) ([]byte, error) {
	o := newOrder()
	d.table.put(o)
	update := encode(map[string]any{
		"id": o.UserID, "source": "ecommerce.warehouse", "detail-type": "PackageCreated", "resources": []string{o.OrderID},
		"detail": map[string]any{"orderId": o.OrderID, "products": o.Products},
	})
	return json.Marshal(events.SQSEvent{Records: []events.SQSMessage{{
		MessageId: uuid.NewString(), ReceiptHandle: "handle", Body: string(update), EventSource: "aws:sqs",
		Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(time.Now().UnixMilli(), 10), "ApproximateReceiveCount": "1"},
	}}})
}

// streamEvent is the table's for new orders.
func streamEvent(records int) func(*dependencies) ([]byte, error) {
	return func(*dependencies) ([]byte, error) {
		all := make([]streamtest.Record, records)
		for i := range all {
			o := newOrder()
			all[i] = streamtest.Insert(o.OrderID, fmt.Sprintf("%021d", i+1), streamtest.Image(o))
		}
		return streamtest.Event(all...), nil
	}
}
