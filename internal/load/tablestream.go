package load

import (
	"context"
	"time"

	"orders/internal/dynamo/streamimage"
	"orders/internal/memory"
)

const (
	streamARN = "arn:aws:dynamodb:" + region + ":000000000000:table/local-orders/stream/load"
	shardID   = "shardId-00000000000000000000-load"

	// pollTime is how long a request for records waits for one to come.
	pollTime = 50 * time.Millisecond
	// beginning is the iterator before the first record: one must not be empty.
	beginning = "beginning"
)

func describeTable() members {
	return members{"Table": members{
		"TableStatus":         "ACTIVE",
		"LatestStreamArn":     streamARN,
		"StreamSpecification": members{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
	}}
}

// answerStream is the table's stream. It has one shard, and an iterator is the sequence number behind which it reads.
func (t *table) answerStream(ctx context.Context, operation string, in tableInput) (members, error) {
	switch operation {
	case "DescribeStream":
		return members{"StreamDescription": members{"StreamArn": streamARN, "Shards": []members{{"ShardId": shardID}}}}, nil
	case "GetShardIterator":
		return members{"ShardIterator": iterator(in.SequenceNumber)}, nil
	case "GetRecords":
		return t.records(ctx, in)
	}
	return nil, &refusal{code: "UnknownOperationException"}
}

func iterator(after string) string {
	if after == "" {
		return beginning
	}
	return after
}

func (t *table) records(ctx context.Context, in tableInput) (members, error) {
	after := in.ShardIterator
	if after == beginning {
		after = ""
	}
	waiting, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	changes, err := t.store.Records(waiting, after, in.Limit)
	if err != nil && waiting.Err() == nil {
		return nil, &refusal{code: "ValidationException"}
	}
	records := make([]members, len(changes))
	for i, change := range changes {
		if records[i], err = record(change); err != nil {
			return nil, err
		}
		after = change.SequenceNumber
	}
	return members{"Records": records, "NextShardIterator": iterator(after)}, nil
}

// record has no old image: nothing that happens here changes an order.
func record(change memory.Record) (members, error) {
	next, err := streamimage.Encode(change.NewImage)
	if err != nil {
		return nil, err
	}
	return members{
		"eventID": change.SequenceNumber, "eventName": change.EventName, "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": region,
		"dynamodb": members{
			"Keys":           members{"orderId": textValue{change.OrderID}},
			"NewImage":       next,
			"SequenceNumber": change.SequenceNumber,
			"StreamViewType": "NEW_AND_OLD_IMAGES",
		},
	}, nil
}
