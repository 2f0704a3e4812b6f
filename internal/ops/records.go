package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/dynamo/streamimage"
	"orders/internal/handler"
	"orders/internal/order"
)

// errExpired means that the stream no longer has a record. It keeps records for 24 hours.
var errExpired = errors.New("the stream no longer has the record; publish the order instead")

// maxEmptyPages is how many pages in a row may be empty before the stream counts as having nothing
// more. DynamoDB returns empty pages between records, and without end after the last one.
const maxEmptyPages = 5

// A record is a stream record as table-update receives it.
type record struct {
	orderID string
	event   json.RawMessage // a batch of this record alone
}

// records returns the stream records of a pointer. The error is errExpired if the stream no longer
// has all of them.
//
// A pointer of table-update does not name the shard, which Lambda does not tell a function. The
// ranges of shards overlap, so that the record may be in any of those whose range contains it.
func (o *Operator) records(ctx context.Context, b handler.BatchInfo) ([]record, error) {
	if b.ShardID != "" {
		return o.recordsOfShard(ctx, b)
	}
	shardIDs, err := o.shardsWith(ctx, b)
	if err != nil {
		return nil, err
	}
	for _, b.ShardID = range shardIDs {
		all, err := o.recordsOfShard(ctx, b)
		if len(all) > 0 || err != nil && !errors.Is(err, errExpired) {
			return all, err
		}
	}
	return nil, errExpired
}

// shardsWith returns the shards whose range contains the first record of a pointer.
func (o *Operator) shardsWith(ctx context.Context, b handler.BatchInfo) (ids []string, err error) {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(b.StreamARN)}
	for {
		out, err := o.Streams.DescribeStream(ctx, in)
		if err != nil {
			return nil, streamError(err)
		}
		for _, shard := range out.StreamDescription.Shards {
			first, last := aws.ToString(shard.SequenceNumberRange.StartingSequenceNumber), aws.ToString(shard.SequenceNumberRange.EndingSequenceNumber)
			if !isAfter(first, b.Start) && (last == "" || !isAfter(b.Start, last)) { // an open shard has no last
				ids = append(ids, aws.ToString(shard.ShardId))
			}
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return ids, nil
		}
	}
}

func (o *Operator) recordsOfShard(ctx context.Context, b handler.BatchInfo) ([]record, error) {
	iterator, err := o.Streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn:         aws.String(b.StreamARN),
		ShardId:           aws.String(b.ShardID),
		ShardIteratorType: streams.ShardIteratorTypeAtSequenceNumber,
		SequenceNumber:    aws.String(b.Start),
	})
	if err != nil {
		return nil, streamError(err)
	}
	var all []record
	empty := 0 // pages in a row
	for next := iterator.ShardIterator; next != nil && empty < maxEmptyPages; {
		page, err := o.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, streamError(err)
		}
		for _, r := range page.Records {
			number := aws.ToString(r.Dynamodb.SequenceNumber)
			if isAfter(number, b.End) {
				return all, nil
			}
			converted, err := newRecord(r)
			if err != nil {
				return nil, err
			}
			if all = append(all, converted); number == b.End {
				return all, nil
			}
		}
		if empty++; len(page.Records) > 0 {
			empty = 0
		}
		next = page.NextShardIterator
	}
	return nil, errExpired
}

// isAfter compares sequence numbers, which are decimal numbers of any length.
func isAfter(number, other string) bool {
	if len(number) != len(other) {
		return len(number) > len(other)
	}
	return number > other
}

func streamError(err error) error {
	_, trimmed := errors.AsType[*streams.TrimmedDataAccessException](err)
	_, unknown := errors.AsType[*streams.ResourceNotFoundException](err)
	if trimmed || unknown {
		return errExpired
	}
	return fmt.Errorf("read the stream: %w", err)
}

func newRecord(r streams.Record) (record, error) {
	images := map[string]json.RawMessage{}
	for name, values := range map[string]map[string]streams.AttributeValue{
		"Keys": r.Dynamodb.Keys, "OldImage": r.Dynamodb.OldImage, "NewImage": r.Dynamodb.NewImage,
	} {
		if len(values) == 0 {
			continue
		}
		converted, err := attributevalue.FromDynamoDBStreamsMap(values)
		if err != nil {
			return record{}, fmt.Errorf("convert stream record: %w", err)
		}
		if images[name], err = attributevalue.MarshalMapJSON(converted); err != nil {
			return record{}, fmt.Errorf("convert stream record: %w", err)
		}
	}
	orderID := ""
	if key, ok := r.Dynamodb.Keys["orderId"].(*streams.AttributeValueMemberS); ok {
		orderID = key.Value
	}
	event, err := recordEvent(string(r.EventName), aws.ToString(r.Dynamodb.SequenceNumber), images)
	return record{orderID, event}, err
}

// recordEvent returns the event of a batch of one stream record.
func recordEvent(name, sequenceNumber string, images map[string]json.RawMessage) (json.RawMessage, error) {
	change := map[string]any{"SequenceNumber": sequenceNumber}
	for name, image := range images {
		change[name] = image
	}
	return json.Marshal(map[string]any{"Records": []any{map[string]any{"eventName": name, "dynamodb": change}}})
}

// tableUpdate is the function, as this program has it, with another publisher.
func (o *Operator) tableUpdate(publisher order.Publisher) *handler.TableUpdate {
	return &handler.TableUpdate{
		Publisher:   publisher,
		Image:       streamimage.Parse,
		TraceHeader: func(context.Context) string { return "" },
		Log:         slog.New(slog.DiscardHandler),
	}
}

// publishEvent publishes the stream records of an event. The error says why one was not published.
func (o *Operator) publishEvent(ctx context.Context, event json.RawMessage) error {
	response, err := o.tableUpdate(o.Publisher).Invoke(ctx, event)
	if err != nil {
		return err
	}
	var batch struct{ BatchItemFailures []any }
	if err := json.Unmarshal(response, &batch); err != nil {
		return err
	}
	if len(batch.BatchItemFailures) > 0 {
		return errors.New("the event bus did not accept the event")
	}
	return nil
}
