package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"orders/internal/dynamo/streamimage"
	"orders/internal/order"
)

// A program is a binary to measure.
type program struct {
	name   string
	binary string
	expect string // what every answer holds
}

// A comparison is a function, the floors that it is measured in turn with, and what they are given to do.
type comparison struct {
	programs []program
	event    func(context.Context, *world) ([]byte, error) // a new one each time
}

func comparisons(o options) []comparison {
	compare := func(event func(context.Context, *world) ([]byte, error), name, expect string, floors ...string) comparison {
		c := comparison{[]program{{name, filepath.Join(o.binaries, name), expect}}, event}
		if o.floors != "" {
			for _, floor := range floors {
				c.programs = append(c.programs, program{floor, filepath.Join(o.floors, floor), ""})
			}
		}
		return c
	}
	return []comparison{
		compare(createEvent, "create-order", `"success":true`, "a_hello", "f_limit_xray"),
		compare(getEvent, "get-order", `"statusCode":200`, "a_hello"),
		compare(packageEvent, "on-events", "null", "a_hello"),
		compare(streamEvent, "table-update", `{"batchItemFailures":[]}`, "a_hello", "i_table_update"),
	}
}

// newOrder is an order of five products that all neighbours agree to.
func newOrder() order.Order {
	now, token := order.NewDate(time.Now()), order.PaymentToken(rand.Text())
	optional := func(text string) *string { return &text }
	o := order.Order{
		OrderID: order.IDFor(token), UserID: rand.Text(), Status: order.New, CreatedDate: now, ModifiedDate: now,
		Address: order.Address{
			Name: "Ada Example", CompanyName: optional("Example Company"), StreetAddress: "100 Sample Street", PostCode: optional("75001"),
			City: "Paris", State: optional("Paris"), Country: "FR", PhoneNumber: "+33-1-99-00-01-02",
		},
		DeliveryPrice: 1000, PaymentToken: token, Total: 1000,
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
func createEvent(context.Context, *world) ([]byte, error) {
	o := newOrder()
	return json.Marshal(map[string]any{"userId": o.UserID, "order": map[string]any{
		"products": o.Products, "address": o.Address, "deliveryPrice": o.DeliveryPrice, "paymentToken": o.PaymentToken,
	}})
}

// getEvent is API Gateway's for a service that reads an order.
func getEvent(ctx context.Context, w *world) ([]byte, error) {
	o := newOrder()
	if _, err := w.table.orders.Create(ctx, o); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"resource": "/backend/{orderId}", "path": "/backend/" + o.OrderID, "httpMethod": "GET",
		"headers":        map[string]string{"Accept": "*/*", "Host": "bench.execute-api.eu-west-1.amazonaws.com"},
		"pathParameters": map[string]string{"orderId": o.OrderID},
		"requestContext": map[string]any{
			"resourcePath": "/backend/{orderId}", "httpMethod": "GET", "stage": "bench",
			"identity": map[string]string{"userArn": "arn:aws:sts::123456789012:assumed-role/bench/bench", "sourceIp": "192.0.2.1"},
		},
	})
}

// packageEvent is the warehouse's of a new order that is packed whole: on-events reads it and writes it.
func packageEvent(ctx context.Context, w *world) ([]byte, error) {
	o := newOrder()
	if _, err := w.table.orders.Create(ctx, o); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"id": o.UserID, "source": "ecommerce.warehouse", "detail-type": "PackageCreated", "resources": []string{o.OrderID},
		"detail": map[string]any{"orderId": o.OrderID, "products": o.Products},
	})
}

// streamEvent is the table's of 100 new orders.
func streamEvent(context.Context, *world) ([]byte, error) {
	records := make([]string, 100)
	for i := range records {
		o := newOrder()
		document, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		image, err := streamimage.Encode(document)
		if err != nil {
			return nil, err
		}
		records[i] = fmt.Sprintf(`{"eventID":"%032x","eventName":"INSERT","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1",`+
			`"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":{"orderId":{"S":%q}},"NewImage":%s,"SequenceNumber":"%021d",`+
			`"SizeBytes":%d,"StreamViewType":"NEW_AND_OLD_IMAGES"}}`, i, time.Now().Unix(), o.OrderID, image, i+1, len(document))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`), nil
}
