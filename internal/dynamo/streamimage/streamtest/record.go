// Package streamtest makes the records that DynamoDB Streams and Lambda hand to table-update, for
// tests.
package streamtest

import (
	"encoding/json"

	"orders/internal/dynamo/streamimage"
)

// A Record is one change of an item of the orders table. It marshals to the JSON in which Lambda
// hands it to functions.
type Record struct {
	Name           string // INSERT, MODIFY or REMOVE
	OrderID        string
	SequenceNumber string
	Old, New       json.RawMessage // images, in DynamoDB's JSON; nil means none
}

// MarshalJSON implements json.Marshaler.
func (r Record) MarshalJSON() ([]byte, error) {
	type text struct{ S string }
	return json.Marshal(map[string]any{
		"eventID": r.SequenceNumber, "eventName": r.Name, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
		"dynamodb": struct {
			ApproximateCreationDateTime int64
			Keys                        map[string]text
			OldImage, NewImage          json.RawMessage `json:",omitempty"`
			SequenceNumber              string
			SizeBytes                   int
			StreamViewType              string
		}{1767225600, map[string]text{"orderId": {r.OrderID}}, r.Old, r.New, r.SequenceNumber, 100, "NEW_AND_OLD_IMAGES"},
	})
}

// Insert returns the record of a new item.
func Insert(orderID, sequenceNumber string, image json.RawMessage) Record {
	return Record{Name: "INSERT", OrderID: orderID, SequenceNumber: sequenceNumber, New: image}
}

// Modify returns the record of a changed item.
func Modify(orderID, sequenceNumber string, before, after json.RawMessage) Record {
	return Record{Name: "MODIFY", OrderID: orderID, SequenceNumber: sequenceNumber, Old: before, New: after}
}

// Remove returns the record of a deleted item.
func Remove(orderID, sequenceNumber string, image json.RawMessage) Record {
	return Record{Name: "REMOVE", OrderID: orderID, SequenceNumber: sequenceNumber, Old: image}
}

// Event returns the event in which Lambda hands records to a function.
func Event[R any](records ...R) json.RawMessage {
	if records == nil {
		records = []R{}
	}
	return encode(map[string][]R{"Records": records})
}

// Image returns a document, which must marshal to a JSON object, as an image.
func Image(document any) json.RawMessage {
	image, err := streamimage.Encode(encode(document))
	if err != nil {
		panic(err) // tests pass objects
	}
	return image
}

func encode(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // tests pass what marshals
	}
	return text
}
