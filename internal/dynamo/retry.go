package dynamo

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// newRetryer retries what the SDK calls retryable, and answers that broke off, for as long as the context lasts.
// Everything is set here, since the SDK's defaults do not fit a one-second request: they wait up to 2 s before the
// first retry, stop after three attempts, and share a budget of retries that one bad minute uses up.
func newRetryer(timing Timing) aws.Retryer {
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.Backoff = retry.BackoffDelayerFunc(timing.delay)
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(isUnreadable))
	})
	return retry.AddWithMaxAttempts(standard, 0) // 0: only the context bounds them
}

// delay is the wait after a failed attempt, counted from 1: a random time between half and all of one that doubles,
// so that callers who failed together do not come back together.
func (t Timing) delay(attempt int, _ error) (time.Duration, error) {
	longest := t.FirstDelay
	for ; attempt > 1 && longest < t.MaxDelay; attempt-- {
		longest *= 2
	}
	longest = min(longest, t.MaxDelay)
	return longest/2 + rand.N(longest/2+1), nil
}

// isUnreadable tells that an answer came but broke off or was garbled on its way.
func isUnreadable(err error) aws.Ternary {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
