package main

import "orders/internal/coldstart"

// example returns an event with which the function returns an order, and the response that lets it.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"resource":"/backend/{orderId}","httpMethod":"GET","pathParameters":{"orderId":"00000000-0000-5000-8000-000000000000"},` +
			`"requestContext":{"identity":{"userArn":"example"}}}`,
		Response: `{"Item":{"orderId":{"S":"00000000-0000-5000-8000-000000000000"},"userId":{"S":"example"},"status":{"S":"NEW"},` +
			`"createdDate":{"S":"2026-01-01T00:00:00.000000Z"},"modifiedDate":{"S":"2026-01-01T00:00:00.000000Z"},"paymentToken":{"S":"example"},` +
			`"products":{"L":[{"M":{"productId":{"S":"example"},"name":{"S":"example"},"price":{"N":"1"},"quantity":{"N":"1"},` +
			`"package":{"M":{"width":{"N":"1"},"length":{"N":"1"},"height":{"N":"1"},"weight":{"N":"1"}}}}}]},` +
			`"address":{"M":{"name":{"S":"example"},"streetAddress":{"S":"example"},"city":{"S":"example"},"country":{"S":"DE"},"phoneNumber":{"S":"1"}}},` +
			`"deliveryPrice":{"N":"0"},"total":{"N":"1"}}}`,
	}
}
