package dynamo

import (
	"cmp"
	"context"
	"io"
	"net/http"
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

	connectTimeout = 3 * time.Second // of Connect

	// maxPingBytes is more than the body of the response to a ping.
	maxPingBytes = 4 << 10
)

// NewClient returns a client with connections of its own, which retries until the context of a call
// ends. An empty endpoint means AWS's own in cfg's region. The HTTP client and the retry settings
// of cfg are ignored; its API options (such as tracing) are kept. Error texts contain nothing of
// any item.
func NewClient(cfg aws.Config, endpoint string, timing Timing) *dynamodb.Client {
	timing.Attempt = cmp.Or(timing.Attempt, attemptTimeout)
	timing.FirstDelay = cmp.Or(timing.FirstDelay, firstDelay)
	timing.MaxDelay = cmp.Or(timing.MaxDelay, maxDelay)
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = safehttp.NewClient(safehttp.NewTransport(), 0)
		o.Retryer, o.RetryMaxAttempts = newRetryer(timing), 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls, limitAttempts(timing.Attempt))
	})
}

// Connect opens a connection for the next call to use. It sends a GET to the endpoint's root, which
// needs no signature and reads no table, and returns when the response is there or after 3 s. It
// reports no failure: the next call meets the cause.
func (s *Store) Connect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	o := s.Client.Options()
	parameters := dynamodb.EndpointParameters{Region: &o.Region, Endpoint: o.BaseEndpoint}
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, parameters.WithDefaults())
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint.URI.String(), nil)
	if err != nil {
		return
	}
	response, err := o.HTTPClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	// The transport keeps a connection only if the response was read to its end.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxPingBytes))
}
