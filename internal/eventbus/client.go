package eventbus

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"orders/internal/safehttp"
)

// attemptTimeout bounds one request, connecting included. EventBridge answers in tens of milliseconds, later where
// a request is full (1 MB); one that has not after a second is better sent again than waited for, though that may
// send its events twice.
const attemptTimeout = time.Second

// NewClient is a client with its own kept connections, that tries a request once: entries fail one by one, so the
// [Publisher] does all retrying. The endpoint is empty for AWS's own in cfg's region. Of cfg, the HTTP client and all
// about retries are ignored; the API options (tracing, for one) are kept. The texts of its errors hold nothing of any
// event.
func NewClient(cfg aws.Config, endpoint string) *eventbridge.Client {
	return newClient(cfg, endpoint, safehttp.NewTransport())
}

func newClient(cfg aws.Config, endpoint string, transport http.RoundTripper) *eventbridge.Client {
	return eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = safehttp.NewClient(transport, attemptTimeout)
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls)
	})
}
