package dynamodb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go"
)

// VerifyCheckpoints returns an error if a checkpoint has a sequence number that its shard cannot
// have, because Run would then never read the shard. It must be called before Run.
func (r *StreamReader) VerifyCheckpoints(ctx context.Context) error {
	shards, err := r.list(ctx)
	if err != nil {
		return fmt.Errorf("list the shards of stream %s: %w", r.StreamARN, err)
	}
	for _, s := range shards {
		if err := r.verify(ctx, s.id); err != nil {
			return fmt.Errorf("checkpoint of shard %s: %w", s.id, err)
		}
	}
	return nil
}

func (r *StreamReader) verify(ctx context.Context, shardID string) error {
	checkpoint := r.Checkpoints.Get(shardID)
	if checkpoint.After == "" || checkpoint.Ended {
		return nil
	}
	impossible := fmt.Errorf("sequence number %q is impossible", checkpoint.After)
	found, err := r.hasRecords(ctx, &dynamodbstreams.GetShardIteratorInput{
		ShardId: &shardID, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: &checkpoint.After,
	})
	switch {
	case is[*types.TrimmedDataAccessException](err):
		return nil // Run continues with the oldest record
	case is[smithy.APIError](err): // DynamoDB Local has no error of its own for it
		return fmt.Errorf("%w: %w", impossible, err)
	case err != nil:
		return err
	case found:
		return nil
	}
	// The record of the checkpoint is the last to be trimmed. If older ones are still there, it
	// never existed. If there are none, the shard can be read from its beginning without repeating
	// any.
	older, err := r.hasRecords(ctx, &dynamodbstreams.GetShardIteratorInput{ShardId: &shardID, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	switch {
	case err != nil:
		return err
	case older:
		return fmt.Errorf("%w: the shard's last record is older", impossible)
	}
	return r.Checkpoints.Advance(shardID, "")
}

// hasRecords reports whether there are records from an iterator on.
func (r *StreamReader) hasRecords(ctx context.Context, from *dynamodbstreams.GetShardIteratorInput) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	from.StreamArn = &r.StreamARN
	iterator, err := r.Client.GetShardIterator(ctx, from)
	if err != nil {
		return false, err
	}
	page, err := r.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator.ShardIterator, Limit: aws.Int32(1)}, fixEmptyMaps)
	if err != nil {
		return false, err
	}
	return len(page.Records) > 0, nil
}
