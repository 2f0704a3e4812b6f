package testworld

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Call is something that a function's role has to allow. Two tests hold to the list of calls, one
// from each side: the template's roles allow these calls and no others, and the functions make
// these calls and no others.
type Call struct {
	Action  string
	On      string // the resource, as the template names it
	If      string // the template's condition under which the call is made at all; mostly none
	Because string // what makes it, and what for
}

// Calls returns the calls of the functions' own code, by function.
func Calls() map[string][]Call {
	return map[string][]Call{
		CreateOrder: {
			{"dynamodb:PutItem", "${Table.Arn}", "", "order.Service.Create stores the order"},
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Create looks for the order of a spent payment token"},
			{"execute-api:Invoke", "${DeliveryPricingApiArn}/POST/backend/pricing", "", "peer: the check of delivery"},
			{"execute-api:Invoke", "${PaymentApiArn}/POST/backend/validate", "", "peer: the check of payment"},
			{"execute-api:Invoke", "${ProductsApiArn}/POST/backend/validate", "", "peer: the check of products"},
			{"execute-api:Invoke", "${UsersApiArn}/POST/backend/validate", "HasUsersApi", "peer: the check of users"},
		},
		GetOrder: {
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Get"},
			{"dynamodb:Query", "${Table.Arn}/index/user", "", "order.Service.List"},
		},
		OnEvents: {
			{"dynamodb:GetItem", "${Table.Arn}", "", "order.Service.Apply reads the order's status"},
			{"dynamodb:UpdateItem", "${Table.Arn}", "", "order.Service.Apply"},
		},
		TableUpdate: {
			{"events:PutEvents", "${EventBusArn}", "", "eventbus.Publisher"},
			{"sqs:SendMessage", "${TableUpdateDeadLetterQueue.Arn}", "", "deadletter.Queue, and the mapping's on-failure destination"},
		},
	}
}

// CallsByLambda returns what Lambda itself calls with the functions' roles, besides their logs and
// traces.
func CallsByLambda() map[string][]Call {
	return map[string][]Call{
		OnEvents: {
			{"sqs:ReceiveMessage", "${FulfilmentQueue.Arn}", "", "to read the queue"},
			{"sqs:DeleteMessage", "${FulfilmentQueue.Arn}", "", "to delete messages that were applied"},
			{"sqs:GetQueueAttributes", "${FulfilmentQueue.Arn}", "", "to read the queue"},
		},
		TableUpdate: {
			{"dynamodb:DescribeStream", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:GetRecords", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:GetShardIterator", "${Table.StreamArn}", "", "to read the stream"},
			{"dynamodb:ListStreams", "${Table.Arn}/stream/*", "", "to read the stream"},
		},
	}
}

// A RecordedCall is a call that a function made to one of the servers of a World.
type RecordedCall struct{ Function, Action, On string }

// recordedCall reports what a request calls. A request without a signature opens a connection and
// needs no permission.
func recordedCall(r *http.Request, body string) (call RecordedCall, signed bool) {
	function, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var input struct {
		TableName, IndexName string
		QueueURL             string `json:"QueueUrl"`
		Entries              []struct{ EventBusName string }
	}
	_ = json.Unmarshal([]byte(body), &input) // other requests have no such members
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case service == "DynamoDB_20120810":
		call = RecordedCall{function, "dynamodb:" + operation, input.TableName}
		if input.IndexName != "" {
			call.On += "/index/" + input.IndexName
		}
	case service == "AWSEvents" && len(input.Entries) > 0:
		call = RecordedCall{function, "events:" + operation, input.Entries[0].EventBusName}
	case service == "AmazonSQS": // its requests do not use the path
		_, path, _ := strings.Cut(strings.TrimPrefix(input.QueueURL, "http://"), "/")
		function, _, _ := strings.Cut(path, "/")
		call = RecordedCall{function, "sqs:" + operation, "${TableUpdateDeadLetterQueue.Arn}"}
	default:
		api, path, _ := strings.Cut(path, "/")
		call = RecordedCall{function, "execute-api:Invoke", "${" + api + "Arn}/" + r.Method + "/" + path}
	}
	return call, r.Header.Get("Authorization") != ""
}

// recordedCalls returns the calls that a function made so far, each once.
func (w *World) recordedCalls(function string) (all []RecordedCall) {
	names := strings.NewReplacer(w.TableName, "${Table.Arn}", BusName, "${EventBusArn}")
	for _, s := range []*Server{w.Table, w.Peers, w.Bus, w.DeadLetters} {
		s.mu.Lock()
		for _, call := range s.calls {
			if call.Function == function {
				call.On = names.Replace(call.On)
				all = append(all, call)
			}
		}
		s.mu.Unlock()
	}
	return all
}

func listedCalls(function string) (all []RecordedCall) {
	for _, call := range Calls()[function] {
		all = append(all, RecordedCall{function, call.Action, call.On})
	}
	return all
}

// RequireAllCalls requires that a function has made every call that is listed for it.
func (w *World) RequireAllCalls(t testing.TB, function string) {
	t.Helper()
	require.Subset(t, w.recordedCalls(function), listedCalls(function), "listed, but not made")
}

// RequireListedCalls requires that no function has made a call that is not listed for it, whatever
// failed around it.
func (w *World) RequireListedCalls(t testing.TB) {
	t.Helper()
	for _, function := range Functions() {
		for _, call := range w.recordedCalls(function) {
			require.True(t, slices.Contains(listedCalls(function), call), "made, but not listed: %v", call)
		}
	}
}
