package eventbus

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"orders/internal/safehttp"
)

const (
	// attemptTimeout bounds one request, connecting included. EventBridge answers in tens of milliseconds, later where
	// a request is full (1 MB); one that has not after a second is better sent again than waited for, though that may
	// send its events twice.
	attemptTimeout = time.Second

	// connectTimeout bounds a connection that is still being made after its request gave up on it: the next request
	// finds it ready.
	connectTimeout  = 3 * time.Second
	keptConnections = 100
)

// NewClient is a client with its own kept connections, that tries a request once: entries fail one by one, so the
// [Publisher] does all retrying. The endpoint is empty for AWS's own in cfg's region. Of cfg, the HTTP client and all
// about retries are ignored; the API options (tracing, for one) are kept. The texts of its errors hold nothing of any
// event.
func NewClient(cfg aws.Config, endpoint string) *eventbridge.Client {
	dialer := net.Dialer{Timeout: connectTimeout}
	return newClient(cfg, endpoint, newHTTPClient(&http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: connectTimeout,
		MaxIdleConns:        keptConnections,
		MaxIdleConnsPerHost: keptConnections, // there is one host
		IdleConnTimeout:     90 * time.Second,
	}))
}

func newClient(cfg aws.Config, endpoint string, client *http.Client) *eventbridge.Client {
	return eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = client
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.Calls)
	})
}

func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Timeout:   attemptTimeout,
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a signed request is for the host that it names
		},
	}
}
