package dynamodb

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/local/lambda"
)

// maxRecords is the most that one call may ask for.
const maxRecords = 1000

// A source is one shard as a mapping reads it.
type source struct {
	*StreamReader
	shardID string
	log     *slog.Logger
	gone    atomic.Bool // the last call was answered that there is no such shard

	// Where reading goes on. An iterator may be used again until it expires, and a new one can be had for any record.
	position string // sequence number of the last record returned
	iterator string // leads to what follows it; empty: to be asked for
	trimmed  bool   // what follows it is older than what the stream keeps
	ended    bool   // the shard is closed and nothing follows
}

// Read is lambda.ShardReader's.
func (s *source) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	if s.position != after {
		s.position, s.iterator, s.trimmed, s.ended = after, "", false, false
	}
	for !s.ended {
		records, err := s.next(ctx, min(limit, maxRecords))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err = s.judge(err); err != nil || len(records) > 0 {
			return records, err
		}
		if err := s.pause(ctx); err != nil {
			return nil, err
		}
	}
	return nil, lambda.ErrShardEnd
}

// next returns what one call has to give, which may be nothing although more follows.
func (s *source) next(ctx context.Context, limit int) ([]lambda.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if s.iterator == "" {
		if err := s.locate(ctx); err != nil {
			return nil, err
		}
	}
	page, err := s.Client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: &s.iterator, Limit: aws.Int32(int32(limit))}, mendAnswers)
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

// locate asks for an iterator.
func (s *source) locate(ctx context.Context) error {
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

// judge makes the next call begin with a new iterator if this one failed, and returns what the mapping must know of.
func (s *source) judge(err error) error {
	s.gone.Store(is[*types.ResourceNotFoundException](err))
	if err == nil {
		return nil
	}
	s.iterator = ""
	switch {
	case is[*types.ExpiredIteratorException](err):
		return nil
	case is[*types.TrimmedDataAccessException](err):
		s.log.Warn("the stream no longer keeps what followed, going on with the oldest that it does",
			slog.String("shard", s.shardID), slog.String("after", s.position))
		s.trimmed = true
		return nil
	}
	return err
}

func (s *source) pause(ctx context.Context) error {
	timer := time.NewTimer(s.Pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
