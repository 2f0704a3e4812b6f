package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
)

var errFunction = errors.New("function failed")

func ms(waits ...int) []time.Duration {
	all := make([]time.Duration, len(waits))
	for i, wait := range waits {
		all[i] = time.Duration(wait) * time.Millisecond
	}
	return all
}

func TestBatchesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(5), func([]string) ([]byte, error) { return nil, nil })
		s.mapping.BatchSize = 2
		s.mapping.After = "0000"
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"1", "2"}, {"3", "4"}, {"5"}}, s.batches)
		require.Equal(t, []string{"2", "4", "5"}, s.checkpoints)
		require.Empty(t, s.discarded)
	})
}

func TestDefaultBatchSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(150), func([]string) ([]byte, error) { return nil, nil })
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, []string{"100", "150"}, s.checkpoints)
	})
}

func TestResumesFromCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(12), func([]string) ([]byte, error) { return nil, nil })
		s.mapping.After = "9" // as text, 10 would lie before it
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"10", "11", "12"}}, s.batches)
	})
}

func TestPartialResponseIsRetriedFromTheLowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		responses := [][]byte{report("11", "9"), report("10"), []byte(`{}`)}
		s := newScenario(t, newShard(12), func([]string) ([]byte, error) {
			response := responses[0]
			responses = responses[1:]
			return response, nil
		})
		s.mapping.After = "7"
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"8", "9", "10", "11", "12"}, {"9", "10", "11", "12"}, {"10", "11", "12"}}, s.batches)
		require.Equal(t, ms(0, 0, 0), s.at, "a batch that advances does not wait")
		require.Equal(t, []string{"8", "9", "12"}, s.checkpoints)
	})
}

func TestFunctionErrorIsolatesTheBadRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(4), func(batch []string) ([]byte, error) {
			if slices.Contains(batch, "2") {
				return nil, errFunction
			}
			return nil, nil
		})
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{
			{"1", "2", "3", "4"}, {"1", "2"}, {"1"}, {"2"}, {"2"}, {"2"}, {"3", "4"},
		}, s.batches)
		require.Equal(t, ms(0, 0, 0, 0, 50, 150, 150), s.at, "only retries wait")
		require.Equal(t, []string{"1", "2", "4"}, s.checkpoints)
		require.Equal(t, []lambda.FailedBatch{{
			ShardID: "shard-0", First: "2", Last: "2", Size: 1, Invocations: 3, Time: time.Now().UTC(), Err: errFunction,
		}}, s.discarded)
	})
}

func TestSplittingConsumesNoRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 0
		s := newScenario(t, newShard(8), func(batch []string) ([]byte, error) {
			if batch[0] == "1" && failures < 5 { // 8, 4, 2, 1 and 1 once more
				failures++
				return nil, errFunction
			}
			return nil, nil
		})
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{
			{"1", "2", "3", "4", "5", "6", "7", "8"}, {"1", "2", "3", "4"}, {"1", "2"}, {"1"}, {"1"}, {"1"},
			{"2"}, {"3", "4"}, {"5", "6", "7", "8"},
		}, s.batches)
		require.Empty(t, s.discarded)
	})
}

func TestRetriesAreCountedPerHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := map[string]int{"1": 2, "2": 2, "3": 2} // as often as is allowed
		s := newScenario(t, newShard(3), func(batch []string) ([]byte, error) {
			for _, number := range batch {
				if left[number] > 0 {
					left[batch[0]]--
					return report(number), nil
				}
			}
			return nil, nil
		})
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Empty(t, s.discarded)
		require.Equal(t, []string{"1", "2", "3"}, s.checkpoints)
	})
}

// A function that keeps reporting the head of a batch loses the rest of the batch, as on AWS.
func TestReportedHeadTakesItsBatchAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(4), func(batch []string) ([]byte, error) {
			if slices.Contains(batch, "2") {
				return report("2"), nil
			}
			return nil, nil
		})
		s.mapping.BatchSize = 3
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"1", "2", "3"}, {"2", "3"}, {"2", "3"}, {"2", "3"}, {"4"}}, s.batches)
		require.Equal(t, ms(0, 0, 50, 150, 150), s.at)
		require.Equal(t, []string{"2", "3"}, []string{s.discarded[0].First, s.discarded[0].Last})
		require.Equal(t, 2, s.discarded[0].Size)
		require.Equal(t, []string{"1", "3", "4"}, s.checkpoints)
	})
}

func TestRetryBounds(t *testing.T) {
	for name, test := range map[string]struct{ retries, failures, invocations, dead int }{
		"none":              {retries: 0, failures: 9, invocations: 1, dead: 1},
		"as many as needed": {retries: 3, failures: 3, invocations: 4, dead: 0},
		"one too few":       {retries: 3, failures: 4, invocations: 4, dead: 1},
		"no limit":          {retries: -1, failures: 500, invocations: 501, dead: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failures := test.failures
				s := newScenario(t, newShard(1), func([]string) ([]byte, error) {
					failures--
					if failures >= 0 {
						return nil, errFunction
					}
					return nil, nil
				})
				s.mapping.MaximumRetryAttempts = test.retries
				require.NoError(t, s.mapping.Run(t.Context()))
				require.Len(t, s.batches, test.invocations)
				require.Len(t, s.discarded, test.dead)
			})
		})
	}
}

func TestWaitsAreBoundedAndSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(1), func([]string) ([]byte, error) { return nil, errFunction })
		s.mapping.MaximumRetryAttempts = 4
		s.mapping.RetryWait = 100 * time.Millisecond
		s.mapping.RetryWaitMaximum = 300 * time.Millisecond
		s.mapping.Jitter = func() float64 { return 0.5 }
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, ms(0, 75, 225, 450, 675), s.at)
	})
}

func TestTimeoutIsAFunctionError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(2), nil)
		s.mapping.Timeout = time.Second
		s.mapping.Invoke = func(ctx context.Context, payload []byte) ([]byte, error) {
			s.batches = append(s.batches, numbers(t, payload))
			if len(s.batches) == 1 {
				<-ctx.Done()
			}
			return nil, ctx.Err()
		}
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"1", "2"}, {"1"}, {"2"}}, s.batches)
	})
}

func TestFailedReadIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newShard(2)
		source.errs = []error{errors.New("throttled"), nil, errors.New("throttled")} // nil: no records, against the contract
		s := newScenario(t, source, func([]string) ([]byte, error) { return nil, nil })
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, ms(350), s.at)
		require.Equal(t, [][]string{{"1", "2"}}, s.batches)
	})
}

func TestRecordsOutOfOrderAreNotPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		source := &fakeShard{records: []lambda.Record{record(2), record(1)}}
		s := newScenario(t, source, func([]string) ([]byte, error) { return nil, nil })
		require.NoError(t, s.mapping.Run(ctx))
		require.Empty(t, s.batches)
		require.Less(t, len(source.reads), 50, "reads are retried only after waits")
	})
}

func TestFailedCheckpointDoesNotStopTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(3), func([]string) ([]byte, error) { return nil, nil })
		s.mapping.BatchSize = 1
		store := s.mapping.Checkpoint
		s.mapping.Checkpoint = func(ctx context.Context, number string) error {
			return errors.Join(store(ctx, number), errors.New("disk full"))
		}
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, []string{"1", "2", "3"}, s.checkpoints)
	})
}

func TestFailedBatchIsStoredBeforeItsCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(3), func(batch []string) ([]byte, error) {
			if batch[0] == "2" {
				return nil, errFunction
			}
			return nil, nil
		})
		s.mapping.BatchSize, s.mapping.MaximumRetryAttempts = 1, 0
		var before []int // checkpoints, at each call
		s.mapping.OnFailure = func(batch lambda.FailedBatch) error {
			before = append(before, len(s.checkpoints))
			if len(before) < 3 {
				return errors.New("disk full")
			}
			return s.discard(batch)
		}
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Equal(t, [][]string{{"1"}, {"2"}, {"2"}, {"2"}, {"3"}}, s.batches, "a batch that cannot be stored is retried")
		require.Equal(t, ms(0, 0, 50, 150, 150), s.at)
		require.Equal(t, []int{1, 1, 1}, before)
		require.Equal(t, []string{"1", "2", "3"}, s.checkpoints)
		require.Len(t, s.discarded, 1)
		require.Equal(t, 3, s.discarded[0].Invocations)
	})
}

func TestInvocationRecord(t *testing.T) {
	at := time.Date(2026, 1, 23, 10, 53, 49, 131e6, time.UTC)
	record := lambda.FailedBatch{StreamARN: "arn:stream", ShardID: "s", First: "1", Last: "3", Size: 3, Invocations: 2, Time: at}.Record("arn:function")
	text, err := json.Marshal(record)
	require.NoError(t, err)
	require.JSONEq(t, `{"requestContext":{"functionArn":"arn:function","condition":"RetryAttemptsExhausted","approximateInvokeCount":2},
		"version":"1.0","timestamp":"2026-01-23T10:53:49.131Z",
		"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":"1","endSequenceNumber":"3","batchSize":3,"streamArn":"arn:stream"}}`, string(text))
}

func TestCheckpointIsOptional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, newShard(2), func([]string) ([]byte, error) { return nil, nil })
		s.mapping.Checkpoint = nil
		require.NoError(t, s.mapping.Run(t.Context()))
		require.Len(t, s.batches, 1)
	})
}

func TestIncompleteMappingIsAnError(t *testing.T) {
	require.Error(t, lambda.StreamMapping{}.Run(t.Context()))
}
