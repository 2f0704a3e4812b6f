package deadletter_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/deadletter"
	"orders/internal/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queueAt returns a queue on a server, with its URL.
func queueAt(t *testing.T, handler http.HandlerFunc) (queue *deadletter.Queue, queueURL string) {
	server := httptest.NewServer(handler)
	transport := safehttp.NewTransport()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	cfg := aws.Config{Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
	})}
	queueURL = server.URL + "/123456789012/dead-letters"
	return deadletter.NewQueue(cfg, queueURL, transport), queueURL
}

func TestSendMakesOneSignedCall(t *testing.T) {
	requests := make(chan *http.Request, 10)
	bodies := make(chan []byte, 10)
	queue, url := queueAt(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- body
		_, _ = io.WriteString(w, `{"MessageId":"1","MD5OfMessageBody":"x"}`)
	})
	require.NoError(t, queue.Send(t.Context(), []byte(`{"reason":"<&>"}`)))

	require.Len(t, requests, 1)
	r := <-requests
	require.Equal(t, "POST /", r.Method+" "+r.URL.String())
	require.Equal(t, "AmazonSQS.SendMessage", r.Header.Get("X-Amz-Target"))
	require.Equal(t, "application/x-amz-json-1.0", r.Header.Get("Content-Type"))
	require.Regexp(t, `^AWS4-HMAC-SHA256 Credential=key/\d{8}/eu-west-1/sqs/aws4_request, `, r.Header.Get("Authorization"))
	var sent map[string]string
	require.NoError(t, json.Unmarshal(<-bodies, &sent))
	require.Equal(t, map[string]string{"QueueUrl": url, "MessageBody": `{"reason":"<&>"}`}, sent)
}

func TestSendFailsUnlessTheQueueHasTheMessage(t *testing.T) {
	for want, response := range map[string]struct {
		status int
		body   string
	}{
		"status 400: com.amazonaws.sqs#QueueDoesNotExist": {400, `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"s3cret"}`},
		"status 403: AccessDeniedException: no":           {403, `{"__type":"AccessDeniedException","message":"no"}`},
		"status 503":                                      {503, `<html>s3cret</html>`},
		"status 500":                                      {500, `{"message":"s3cret"}`},
		"status 302":                                      {302, ``},
		"no message ID":                                   {200, `{}`},
		"has no message ID":                               {200, `s3cret`},
	} {
		queue, _ := queueAt(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(response.status)
			_, _ = io.WriteString(w, response.body)
		})
		err := queue.Send(t.Context(), []byte("s3cret"))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	queue, _ := queueAt(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, queue.Send(ctx, []byte("s3cret")), context.DeadlineExceeded)
}
