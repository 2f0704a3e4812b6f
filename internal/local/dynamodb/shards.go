package dynamodb

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
)

// A shard is a part of the stream: the changes of some of the table's keys, during some time.
type shard struct {
	id     string
	parent string // the shard that held these keys before; empty: none
}

// list returns all shards that the stream has. It returns none of them if it cannot return all: a shard without its
// parent would look like one that can be begun.
func (f *StreamReader) list(ctx context.Context) ([]shard, error) {
	var shards []shard
	input := &dynamodbstreams.DescribeStreamInput{StreamArn: &f.StreamARN}
	for {
		page, err := f.describe(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, s := range page.StreamDescription.Shards {
			shards = append(shards, shard{aws.ToString(s.ShardId), aws.ToString(s.ParentShardId)})
		}
		input.ExclusiveStartShardId = page.StreamDescription.LastEvaluatedShardId
		if input.ExclusiveStartShardId == nil {
			return shards, nil
		}
	}
}

func (f *StreamReader) describe(ctx context.Context, input *dynamodbstreams.DescribeStreamInput) (*dynamodbstreams.DescribeStreamOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return f.Client.DescribeStream(ctx, input)
}
