package main

import "orders/internal/coldstart"

// example returns an event with which the function publishes an event, and the response that lets
// it.
func example() coldstart.Example {
	return coldstart.Example{
		Event: `{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"orderId":{"S":"example"}},` +
			`"NewImage":{"orderId":{"S":"example"},"total":{"N":"1"},"products":{"L":[{"M":{"productId":{"S":"example"}}}]}}}}]}`,
		Response: `{"FailedEntryCount":0,"Entries":[{"EventId":"example"}]}`,
	}
}
