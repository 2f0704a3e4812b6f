package local

import (
	"context"
	"encoding/json"
	"fmt"

	"orders/internal/dynamo/streamimage"
	"orders/internal/local/lambda"
	"orders/internal/memory"
)

// tableName is what the table is called on this machine.
const tableName = "local-orders"

// A memoryStream reads the memory table's feed as the one shard of a table's stream.
type memoryStream struct {
	store  *memory.Store
	region string
}

// Read is lambda.ShardReader's.
func (s memoryStream) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	changes, err := s.store.Records(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	records := make([]lambda.Record, len(changes))
	for i, change := range changes {
		data, err := s.record(change)
		if err != nil {
			return nil, fmt.Errorf("change %s: %w", change.SequenceNumber, err)
		}
		records[i] = lambda.Record{SequenceNumber: change.SequenceNumber, Data: data}
	}
	return records, nil
}

// A streamRecord is a record in the form in which Lambda hands it to functions.
type streamRecord struct {
	EventID        string       `json:"eventID"`
	EventName      string       `json:"eventName"`
	EventVersion   string       `json:"eventVersion"`
	EventSource    string       `json:"eventSource"`
	AWSRegion      string       `json:"awsRegion"`
	Change         streamChange `json:"dynamodb"`
	EventSourceARN string       `json:"eventSourceARN"`
}

type streamChange struct {
	ApproximateCreationDateTime float64
	Keys                        json.RawMessage
	NewImage                    json.RawMessage `json:",omitempty"`
	OldImage                    json.RawMessage `json:",omitempty"`
	SequenceNumber              string
	SizeBytes                   int
	StreamViewType              string
}

func (s memoryStream) record(change memory.Record) (json.RawMessage, error) {
	keys, err := json.Marshal(map[string]map[string]string{"orderId": {"S": change.OrderID}})
	if err != nil {
		return nil, err
	}
	record := streamRecord{
		EventID:      change.SequenceNumber,
		EventName:    change.EventName,
		EventVersion: "1.1",
		EventSource:  "aws:dynamodb",
		AWSRegion:    s.region,
		Change: streamChange{
			ApproximateCreationDateTime: float64(change.CreatedAt.Unix()),
			Keys:                        keys,
			SequenceNumber:              change.SequenceNumber,
			SizeBytes:                   len(keys) + len(change.OldImage) + len(change.NewImage),
			StreamViewType:              "NEW_AND_OLD_IMAGES",
		},
		EventSourceARN: "arn:aws:dynamodb:" + s.region + ":" + lambda.Account + ":table/" + tableName + "/stream/local",
	}
	if record.Change.OldImage, err = imageOf(change.OldImage); err != nil {
		return nil, fmt.Errorf("old image: %w", err)
	}
	if record.Change.NewImage, err = imageOf(change.NewImage); err != nil {
		return nil, fmt.Errorf("new image: %w", err)
	}
	return json.Marshal(record)
}

func imageOf(document json.RawMessage) (json.RawMessage, error) {
	if document == nil {
		return nil, nil
	}
	return streamimage.Encode(document)
}
