package eventbus

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"orders/internal/safehttp"
)

const (
	// attemptTimeout bounds the requests of a call, connecting included, until one of them has
	// timed out. EventBridge responds in tens of milliseconds, and later to a full request (1 MB).
	attemptTimeout = time.Second

	// slowAttemptTimeout bounds the requests after that. The bus may carry out every request that
	// times out, so that a slow bus must be waited for: the first request of a call may publish
	// events twice, the others must not publish them a third time.
	slowAttemptTimeout = 8 * time.Second
)

// NewClient returns a client that tries each request once, because entries fail one by one and the
// [Publisher] retries them. An empty endpoint means AWS's own in cfg's region. If cfg has no HTTP
// client, it has connections of its own. The retry settings of cfg are ignored; its API options
// (such as tracing) are kept. Error texts contain nothing of any event.
func NewClient(cfg aws.Config, endpoint string) *eventbridge.Client {
	return eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		if cfg.HTTPClient == nil {
			o.HTTPClient = safehttp.NewClient(safehttp.NewTransport(), 0)
		}
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls)
	})
}
