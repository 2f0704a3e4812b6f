// Package calls lists what each function calls. Two tests hold to it, one from each side: the template's roles allow that
// and nothing else, and the built functions, on every way through them, do that and nothing else.
package calls

// A Call is something that a function's role has to allow.
type Call struct {
	Action  string
	On      string // as the template names it
	If      string // the template's condition under which it is made at all, mostly none
	Because string // who does it, and what for
}

// Made is what functions call themselves, by the names of their binaries.
func Made() map[string][]Call {
	return map[string][]Call{
		"create-order": {
			{"dynamodb:PutItem", "${Table.Arn}", "", "order.Service.Create stores the order"},
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Create looks for the order of a spent payment token"},
			{"execute-api:Invoke", "${DeliveryPricingApiArn}/POST/backend/pricing", "", "peer.NewDelivery"},
			{"execute-api:Invoke", "${PaymentApiArn}/POST/backend/validate", "", "peer.NewPayment"},
			{"execute-api:Invoke", "${ProductsApiArn}/POST/backend/validate", "", "peer.NewProducts"},
			{"execute-api:Invoke", "${UsersApiArn}/POST/backend/validate", "HasUsersApi", "peer.NewUsers"},
		},
		"get-order": {
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Get"},
			{"dynamodb:Query", "${Table.Arn}/index/user", "", "order.Service.List"},
		},
		"on-events": {
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Apply reads how far the order is"},
			{"dynamodb:UpdateItem", "${Table.Arn}", "", "order.Service.Apply"},
		},
		"table-update": {
			{"events:PutEvents", "${EventBusArn}", "", "eventbus.Publisher"},
		},
	}
}

// MadeByLambda is what Lambda calls with the functions' roles, besides their logs and traces.
func MadeByLambda() map[string][]Call {
	return map[string][]Call{
		"on-events": {
			{"sqs:SendMessage", "${OnEventsDeadLetterQueue.Arn}", "", "the function's on-failure destination"},
		},
		"table-update": {
			{"dynamodb:DescribeStream", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:GetRecords", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:GetShardIterator", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:ListStreams", "${Table.Arn}/stream/*", "", "to read the stream"},
			{"sqs:SendMessage", "${TableUpdateDeadLetterQueue.Arn}", "", "the mapping's on-failure destination"},
		},
	}
}
