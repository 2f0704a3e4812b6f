package main

import "orders/internal/coldstart"

// example returns an event with which the function creates an order, and the response that lets it.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"resource":"/orders","httpMethod":"POST","requestContext":{"authorizer":{"claims":{"sub":"example"}}},"body":"{` +
			`\"products\":[{\"productId\":\"example\",\"name\":\"example\",\"price\":1,\"package\":{\"width\":1,\"length\":1,\"height\":1,\"weight\":1}}],` +
			`\"address\":{\"name\":\"example\",\"streetAddress\":\"example\",\"city\":\"example\",\"country\":\"DE\",\"phoneNumber\":\"1\"},` +
			`\"deliveryPrice\":0,\"paymentToken\":\"example\"}"}`,
		Response: `{"pricing":0,"ok":true,"message":"All products are valid"}`, // PutItem ignores it
	}
}
