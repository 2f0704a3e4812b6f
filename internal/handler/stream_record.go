package handler

import (
	"encoding/json"
	"errors"
	"fmt"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// A streamRecord is the part of a stream record that is used here.
type streamRecord struct {
	EventName string `json:"eventName"`
	StreamARN string `json:"eventSourceARN"`
	DynamoDB  struct {
		SequenceNumber string
		Keys           struct {
			OrderID struct{ S string } `json:"orderId"`
		}
		OldImage, NewImage json.RawMessage
	} `json:"dynamodb"`
}

// parseRecords parses a batch. A field of the wrong type counts as missing: that makes its record
// fail, and no other.
func parseRecords(payload []byte) ([]streamRecord, error) {
	var batch struct{ Records []streamRecord }
	err := json.Unmarshal(payload, &batch)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !mistyped {
		return nil, fmt.Errorf("not a batch of stream records: %w", err)
	}
	if batch.Records == nil {
		return nil, errors.New("not a batch of stream records: /Records must be an array")
	}
	return batch.Records, nil
}

// eventOf converts a record to the event that resources/events.yaml defines for it.
func (h *TableUpdate) eventOf(record streamRecord) (event order.Event, err error) {
	event.OrderID = record.DynamoDB.Keys.OrderID.S
	if event.OrderID == "" {
		return event, errors.New("its keys must contain orderId")
	}
	switch record.EventName {
	case "INSERT":
		event.Type = order.OrderCreated
		event.Detail, err = h.detail(record.DynamoDB.NewImage)
	case "MODIFY":
		event.Type = order.OrderModified
		event.Detail, err = h.modification(record)
	case "REMOVE":
		event.Type = order.OrderDeleted
		event.Detail, err = h.detail(record.DynamoDB.OldImage)
	default:
		err = fmt.Errorf("unknown event name %q", record.EventName)
	}
	return event, err
}

func (h *TableUpdate) detail(stream json.RawMessage) (json.RawMessage, error) {
	image, err := h.Image(stream)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	return image.JSON(), nil
}

func (h *TableUpdate) modification(record streamRecord) (json.RawMessage, error) {
	before, err := h.Image(record.DynamoDB.OldImage)
	if err != nil {
		return nil, fmt.Errorf("old image: %w", err)
	}
	after, err := h.Image(record.DynamoDB.NewImage)
	if err != nil {
		return nil, fmt.Errorf("new image: %w", err)
	}
	return strictjson.Marshal(order.Modification{Old: before.JSON(), New: after.JSON(), Changed: order.Changed(before, after)})
}
