package stream

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"orders/internal/safehttp"
)

const (
	connectTimeout  = 3 * time.Second
	attemptTimeout  = 5 * time.Second // an answer may hold a megabyte
	keptConnections = 100
)

// NewClient is a client with its own kept connections, that tries a call once: a [Follower] asks again by itself. The
// endpoint is empty for AWS's own in cfg's region. Of cfg, the HTTP client and all about retries are ignored. The
// texts of its errors hold nothing of any record.
func NewClient(cfg aws.Config, endpoint string) *dynamodbstreams.Client {
	dialer := net.Dialer{Timeout: connectTimeout}
	return dynamodbstreams.NewFromConfig(cfg, func(o *dynamodbstreams.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = &http.Client{
			Timeout: attemptTimeout,
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
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.Calls)
	})
}
