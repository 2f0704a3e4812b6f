package dynamo

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/safehttp"
)

// Timing holds a client's timeouts and delays. The zero value is what production uses.
type Timing struct {
	// Attempt bounds the first attempt of a call, connecting included. An attempt after one that
	// timed out has three times as long. DynamoDB responds in some 10 ms, so that an attempt
	// without a response after 200 ms (the default) is better repeated over another connection. If
	// all of them are slow, because the table is, the third or fourth attempt waits long enough. A
	// TLS handshake that takes longer is not wasted: the transport completes it, and the next
	// attempt uses the connection.
	Attempt time.Duration

	FirstDelay time.Duration // the longest delay before the second attempt, doubling from then on; 20 ms by default
	MaxDelay   time.Duration // the longest delay before any attempt; 300 ms by default
}

const (
	attemptTimeout = 200 * time.Millisecond
	firstDelay     = 20 * time.Millisecond
	maxDelay       = 300 * time.Millisecond
)

// NewClient returns a client that retries until the context of a call ends. An empty endpoint means
// AWS's own in cfg's region. If cfg has no HTTP client, it has connections of its own. The retry
// settings of cfg are ignored; its API options (such as tracing) are kept. Error texts contain
// nothing of any item.
func NewClient(cfg aws.Config, endpoint string, timing Timing) *dynamodb.Client {
	timing.Attempt = cmp.Or(timing.Attempt, attemptTimeout)
	timing.FirstDelay = cmp.Or(timing.FirstDelay, firstDelay)
	timing.MaxDelay = cmp.Or(timing.MaxDelay, maxDelay)
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		if cfg.HTTPClient == nil {
			o.HTTPClient = safehttp.NewClient(safehttp.NewTransport(), 0)
		}
		o.Retryer, o.RetryMaxAttempts = newRetryer(timing), 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls, limitAttempts(timing.Attempt))
	})
}
