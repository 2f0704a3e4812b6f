package dynamodb

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"orders/internal/safehttp"
)

const attemptTimeout = 5 * time.Second // a response may contain a megabyte

// NewStreamsClient is a client with its own kept connections, that tries a call once: a [StreamReader] asks again by itself. The
// endpoint is empty for AWS's own in cfg's region. Of cfg, the HTTP client and all about retries are ignored. The
// texts of its errors hold nothing of any record.
func NewStreamsClient(cfg aws.Config, endpoint string) *dynamodbstreams.Client {
	return dynamodbstreams.NewFromConfig(cfg, func(o *dynamodbstreams.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.HTTPClient = safehttp.NewClient(safehttp.NewTransport(), attemptTimeout)
		o.Retryer, o.RetryMaxAttempts = aws.NopRetryer{}, 0
		o.APIOptions = append(o.APIOptions, safehttp.RedactCalls)
	})
}
