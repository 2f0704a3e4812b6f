package main

import "orders/internal/coldstart"

// example returns an event with which the function applies a fulfilment update, and the response
// that lets it.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"Records":[{"messageId":"example","body":"{\"source\":\"ecommerce.warehouse\",\"detail-type\":\"PackageCreated\",` +
			`\"resources\":[\"00000000-0000-5000-8000-000000000000\"],\"detail\":{\"products\":[{\"productId\":\"example\",\"quantity\":1}]}}"}]}`,
		Response: `{"Item":{"orderId":{"S":"00000000-0000-5000-8000-000000000000"},"status":{"S":"NEW"},` +
			`"createdDate":{"S":"2026-01-01T00:00:00.000000Z"},"modifiedDate":{"S":"2026-01-01T00:00:00.000000Z"},` +
			`"products":{"L":[{"M":{"productId":{"S":"example"},"price":{"N":"1"},"quantity":{"N":"1"}}}]},` +
			`"deliveryPrice":{"N":"0"},"total":{"N":"1"}}}`, // UpdateItem ignores it
	}
}
