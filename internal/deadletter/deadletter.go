// Package deadletter sends dead letters to an SQS queue.
//
// It makes the one call that this takes with a signed HTTP request. A dead letter is rare, and
// SQS's SDK client would make the function larger and its start slower for all other invocations.
package deadletter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/safehttp"
	"orders/internal/strictjson"
)

const (
	// attemptTimeout bounds a request. SQS responds in tens of milliseconds.
	attemptTimeout = 5 * time.Second

	maxResponseBytes = 4 << 10
)

// A Queue is an SQS queue. It is safe for concurrent use.
type Queue struct {
	url    string
	client *http.Client
}

// NewQueue returns the queue with this URL, which is what SQS calls its QueueUrl. Requests go to
// the URL's host, through transport, with cfg's credentials and region.
func NewQueue(cfg aws.Config, queueURL string, transport http.RoundTripper) *Queue {
	return &Queue{queueURL, safehttp.NewClient(safehttp.Sign(transport, safehttp.SQS, cfg.Credentials, cfg.Region), attemptTimeout)}
}

// Send puts a message into the queue, with one attempt. It may have succeeded although it returns
// an error. The error contains nothing of the message.
func (q *Queue) Send(ctx context.Context, message []byte) error {
	request, err := q.request(ctx, message)
	if err != nil {
		return fmt.Errorf("send dead letter: %w", err)
	}
	response, err := q.client.Do(request)
	if err != nil {
		return fmt.Errorf("send dead letter: %w", safehttp.Redact(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	if err != nil {
		return fmt.Errorf("send dead letter: %w", safehttp.Redact(err))
	}
	return resultOf(response.StatusCode, body)
}

func (q *Queue) request(ctx context.Context, message []byte) (*http.Request, error) {
	endpoint, err := url.Parse(q.url)
	if err != nil {
		return nil, err
	}
	endpoint.Path = "/"
	body, err := strictjson.Marshal(map[string]string{"QueueUrl": q.url, "MessageBody": string(message)})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	return request, nil
}

// resultOf returns nil if the response says that the queue has the message.
func resultOf(status int, body []byte) error {
	var result struct {
		MessageID string `json:"MessageId"`
		Type      string `json:"__type"`
		Message   string `json:"message"`
	}
	err := json.Unmarshal(body, &result)
	switch {
	case status != http.StatusOK && err == nil && result.Type != "":
		return fmt.Errorf("send dead letter: status %d: %s", status, safehttp.RedactAPIError(result.Type, result.Message))
	case status != http.StatusOK:
		return fmt.Errorf("send dead letter: status %d", status)
	case err != nil || result.MessageID == "":
		return errors.New("send dead letter: the response has no message ID")
	}
	return nil
}
