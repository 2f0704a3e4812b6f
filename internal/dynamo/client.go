package dynamo

import (
	"cmp"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/safehttp"
)

// Timing is how patient a client is. The zero value is what production uses; tests and slow machines may differ.
type Timing struct {
	// Attempt bounds one attempt, connecting included. DynamoDB answers in some 10 ms; one that has not after
	// 200 ms, the default, is better asked again over another connection. A first connection whose TLS handshake
	// takes longer is not lost: the transport finishes it, and the next attempt finds it ready.
	Attempt time.Duration

	FirstDelay time.Duration // the most to wait before the second attempt, doubling from then on; 20 ms by default
	MaxDelay   time.Duration // the most to wait before any attempt; 300 ms by default
}

const (
	attemptTimeout = 200 * time.Millisecond
	firstDelay     = 20 * time.Millisecond
	maxDelay       = 300 * time.Millisecond

	// connectTimeout bounds a connection that is still being made after its request gave up on it.
	connectTimeout  = 3 * time.Second
	keptConnections = 100
)

// NewClient is a client with its own kept connections, that retries until the context of a call ends. The endpoint
// is empty for AWS's own in cfg's region. Of cfg, the HTTP client and all about retries are ignored; the API
// options (tracing, for one) are kept. The texts of its errors hold nothing of any item.
func NewClient(cfg aws.Config, endpoint string, timing Timing) *dynamodb.Client {
	timing.Attempt = cmp.Or(timing.Attempt, attemptTimeout)
	timing.FirstDelay = cmp.Or(timing.FirstDelay, firstDelay)
	timing.MaxDelay = cmp.Or(timing.MaxDelay, maxDelay)
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = newHTTPClient(timing.Attempt)
		o.Retryer, o.RetryMaxAttempts = newRetryer(timing), 0
		o.APIOptions = append(o.APIOptions, safehttp.Calls)
	})
}

func newHTTPClient(attempt time.Duration) *http.Client {
	dialer := net.Dialer{Timeout: connectTimeout}
	return &http.Client{
		Timeout: attempt,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: connectTimeout,
			MaxIdleConns:        keptConnections,
			MaxIdleConnsPerHost: keptConnections, // there is one host
			IdleConnTimeout:     90 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a signed request is for the host that it names
		},
	}
}
