package local

import (
	"context"
	"encoding/json"
	"fmt"

	"orders/internal/dynamo/streamimage"
	"orders/internal/local/dynamodb"
	"orders/internal/local/lambda"
	"orders/internal/memory"
)

// openMemory returns a storage that ends with the process.
func openMemory(region string) *storage {
	store := &memory.Store{}
	return &storage{
		name:   "in memory",
		orders: store,
		api:    memoryTable{store},
		readStream: func(ctx context.Context, mapping lambda.StreamMapping) error {
			stream := memoryStream{store, region}
			mapping.Source, mapping.StreamARN, mapping.ShardID = stream, stream.arn(), "shardId-memory"
			return mapping.Run(ctx)
		},
		close: func() error { return nil },
	}
}

// A memoryStream is the lambda.ShardReader of the memory table's stream records, the only shard of
// its stream.
type memoryStream struct {
	store  *memory.Store
	region string
}

// Read implements lambda.ShardReader.
func (s memoryStream) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	stored, err := s.store.Records(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	records := make([]lambda.Record, len(stored))
	for i, r := range stored {
		if records[i], err = s.record(r); err != nil {
			return nil, fmt.Errorf("stream record %s: %w", r.SequenceNumber, err)
		}
	}
	return records, nil
}

func (s memoryStream) arn() string {
	return "arn:aws:dynamodb:" + s.region + ":" + lambda.Account + ":table/" + tableName + "/stream/local"
}

func (s memoryStream) record(r memory.Record) (lambda.Record, error) {
	keys, err := json.Marshal(map[string]map[string]string{"orderId": {"S": r.OrderID}})
	if err != nil {
		return lambda.Record{}, err
	}
	record := dynamodb.StreamRecord{
		EventID:      r.SequenceNumber,
		EventName:    r.EventName,
		EventVersion: "1.1",
		EventSource:  "aws:dynamodb",
		AWSRegion:    s.region,
		Change: dynamodb.Change{
			ApproximateCreationDateTime: float64(r.CreatedAt.Unix()),
			Keys:                        keys,
			SequenceNumber:              r.SequenceNumber,
			SizeBytes:                   int64(len(keys) + len(r.OldImage) + len(r.NewImage)),
			StreamViewType:              "NEW_AND_OLD_IMAGES",
		},
		EventSourceARN: s.arn(),
	}
	if record.Change.OldImage, err = image(r.OldImage); err != nil {
		return lambda.Record{}, fmt.Errorf("old image: %w", err)
	}
	if record.Change.NewImage, err = image(r.NewImage); err != nil {
		return lambda.Record{}, fmt.Errorf("new image: %w", err)
	}
	return record.LambdaRecord()
}

func image(document json.RawMessage) (json.RawMessage, error) {
	if document == nil {
		return nil, nil
	}
	return streamimage.Encode(document)
}
