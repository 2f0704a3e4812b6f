package dynamodb

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/local/lambda"
)

// maxRecords is the most that one call may return.
const maxRecords = 1000

// A shardReader is the lambda.ShardReader of one shard.
type shardReader struct {
	*StreamReader
	shardID string
	log     *slog.Logger
	gone    atomic.Bool // the last call failed because there is no such shard

	// Where to read next. An iterator may be used again until it expires, and there is a new one
	// for any record.
	position string // sequence number of the last record returned
	iterator string // leads to the next record; empty: must be requested
	trimmed  bool   // the stream no longer keeps the next record
	ended    bool   // the shard is closed and nothing follows
}

// Read implements lambda.ShardReader.
func (s *shardReader) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	if s.position != after {
		s.position, s.iterator, s.trimmed, s.ended = after, "", false, false
	}
	for !s.ended {
		records, err := s.next(ctx, min(limit, maxRecords))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err = s.reset(err); err != nil || len(records) > 0 {
			return records, err
		}
		if err := sleep(ctx, s.Pause); err != nil {
			return nil, err
		}
	}
	return nil, lambda.ErrShardEnd
}

// next returns the records of one call, which may be none although more follow.
func (s *shardReader) next(ctx context.Context, limit int) ([]lambda.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.iterator == "" {
		if err := s.requestIterator(ctx); err != nil {
			return nil, err
		}
	}
	page, err := s.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &s.iterator, Limit: aws.Int32(int32(limit))}, fixEmptyMaps)
	if err != nil {
		return nil, err
	}
	records := make([]lambda.Record, len(page.Records))
	for i, r := range page.Records {
		if records[i], err = lambdaRecord(r, s.StreamARN); err != nil {
			return nil, err
		}
	}
	if len(records) > 0 {
		s.position, s.trimmed = records[len(records)-1].SequenceNumber, false
	}
	s.iterator = aws.ToString(page.NextShardIterator)
	s.ended = s.iterator == ""
	return records, nil
}

func (s *shardReader) requestIterator(ctx context.Context) error {
	input := &dynamodbstreams.GetShardIteratorInput{
		StreamArn:         &s.StreamARN,
		ShardId:           &s.shardID,
		ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	if s.position != "" && !s.trimmed {
		input.ShardIteratorType, input.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &s.position
	}
	output, err := s.Client.GetShardIterator(ctx, input)
	if err != nil {
		return err
	}
	s.iterator = aws.ToString(output.ShardIterator)
	return nil
}

// reset makes the next call request a new iterator if this one failed. It returns the error unless
// a new iterator corrects it.
func (s *shardReader) reset(err error) error {
	s.gone.Store(is[*types.ResourceNotFoundException](err))
	if err == nil {
		return nil
	}
	s.iterator = ""
	switch {
	case is[*types.ExpiredIteratorException](err):
		return nil
	case is[*types.TrimmedDataAccessException](err):
		s.log.Warn("records trimmed before they were read, continuing with the oldest record",
			slog.String("shard", s.shardID), slog.String("after", s.position))
		s.trimmed = true
		return nil
	}
	return err
}
