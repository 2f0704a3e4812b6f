package privacy

import (
	"encoding/base64"
	"encoding/json"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// direct is the event of a direct invocation.
func direct(o order.Order) json.RawMessage {
	return encode(map[string]any{"userId": o.UserID, "order": ordertest.Request(o)})
}

// post is API Gateway's event of POST /orders.
func post(userID, body string) json.RawMessage {
	return encode(map[string]any{
		"resource": "/orders", "path": "/orders", "httpMethod": "POST", "body": body,
		"headers":        map[string]string{"Authorization": "Bearer " + mark, "X-Name": mark},
		"requestContext": map[string]any{"authorizer": map[string]any{"claims": map[string]string{"sub": userID, "name": mark, "phone_number": markedNumber}}},
	})
}

// encoded is the same with a body that API Gateway took for binary.
func encoded(userID, body string) json.RawMessage {
	var event map[string]any
	_ = json.Unmarshal(post(userID, body), &event)
	event["isBase64Encoded"], event["body"] = true, base64.StdEncoding.EncodeToString([]byte(body))
	return encode(event)
}

// get is API Gateway's event of a GET: of a user, or of a service if there is none.
func get(resource, userID, orderID string, query map[string]string) json.RawMessage {
	who := map[string]any{"identity": map[string]string{"userArn": "arn:aws:iam::000000000000:user/delivery"}}
	if userID != "" {
		who = map[string]any{"authorizer": map[string]any{"claims": map[string]string{"sub": userID, "name": mark}}}
	}
	return encode(map[string]any{
		"resource": resource, "path": resource, "httpMethod": "GET", "requestContext": who,
		"pathParameters": map[string]string{"orderId": orderID}, "queryStringParameters": query, "headers": map[string]string{"X-Name": mark},
	})
}

// report is EventBridge's event about orders.
func report(source, detailType string, detail any, orderIDs ...string) json.RawMessage {
	return encode(map[string]any{"id": "e", "source": source, "detail-type": detailType, "resources": orderIDs, "detail": detail})
}

// record is a change of the table.
func record(kind, orderID, sequenceNumber string, before, after json.RawMessage) map[string]any {
	change := map[string]any{"SequenceNumber": sequenceNumber, "Keys": map[string]any{"orderId": attribute{orderID}}}
	if before != nil {
		change["OldImage"] = before
	}
	if after != nil {
		change["NewImage"] = after
	}
	return map[string]any{"eventName": kind, "dynamodb": change}
}

// batch is the stream's event of some changes.
func batch(records ...map[string]any) json.RawMessage {
	return encode(map[string]any{"Records": records})
}
