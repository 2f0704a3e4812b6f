package privacy

import (
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
	"orders/internal/order/ordertest"
	"orders/internal/test/testworld"
)

// direct is the event of a direct invocation.
func direct(o order.Order) json.RawMessage {
	return testworld.Encode(map[string]any{"userId": o.UserID, "order": ordertest.Request(o)})
}

// request is API Gateway's event, with marks wherever the functions do not look; without a user it
// is another service's.
func request(method, resource, userID string, edit func(*events.APIGatewayProxyRequest)) json.RawMessage {
	return testworld.Encode(testworld.Request(method, resource, userID, edit, func(r *events.APIGatewayProxyRequest) {
		r.Headers = map[string]string{"Authorization": "Bearer " + mark, "X-Name": mark}
		if claims, ok := r.RequestContext.Authorizer["claims"].(map[string]any); ok {
			claims["name"], claims["phone_number"] = mark, markedNumber
		}
	}))
}

func post(userID, body string) json.RawMessage {
	return request("POST", "/orders", userID, func(r *events.APIGatewayProxyRequest) { r.Body = body })
}

// postBase64 is the same with a body that API Gateway took for binary.
func postBase64(userID, body string) json.RawMessage {
	return request("POST", "/orders", userID, func(r *events.APIGatewayProxyRequest) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
	})
}

func get(resource, userID, orderID string, query map[string]string) json.RawMessage {
	return request("GET", resource, userID, func(r *events.APIGatewayProxyRequest) {
		r.PathParameters, r.QueryStringParameters = map[string]string{"orderId": orderID}, query
	})
}

// update is the event of a fulfilment update.
func update(source, detailType string, detail any, orderIDs ...string) json.RawMessage {
	return testworld.Encode(testworld.FulfilmentUpdate(source, detailType, detail, orderIDs...))
}
