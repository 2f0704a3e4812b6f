package testworld

import (
	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

// Request returns API Gateway's event for a signed-in user, or for another service if user is
// empty.
func Request(method, resource, user string, edits ...func(*events.APIGatewayProxyRequest)) events.APIGatewayProxyRequest {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: method}
	r.RequestContext.RequestID = uuid.NewString()
	if user == "" {
		r.RequestContext.Identity.UserArn = "arn:aws:sts::000000000000:assumed-role/delivery/session"
	} else {
		r.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": user}}
	}
	for _, edit := range edits {
		edit(&r)
	}
	return r
}

// Post returns the event of POST /orders; order is encoded as JSON.
func Post(user string, order any) events.APIGatewayProxyRequest {
	return Request("POST", "/orders", user, func(r *events.APIGatewayProxyRequest) { r.Body = string(Encode(order)) })
}

// Get returns the event of a GET of one order.
func Get(resource, user, orderID string) events.APIGatewayProxyRequest {
	return Request("GET", resource, user, func(r *events.APIGatewayProxyRequest) {
		r.PathParameters = map[string]string{"orderId": orderID}
	})
}

// FulfilmentUpdate returns EventBridge's event about orders.
func FulfilmentUpdate(source, detailType string, detail any, orderIDs ...string) map[string]any {
	return map[string]any{
		"version": "0", "id": uuid.NewString(), "source": source, "detail-type": detailType, "account": lambda.Account,
		"time": "2026-02-03T04:05:06Z", "region": lambdaruntime.Region, "resources": orderIDs, "detail": detail,
	}
}
