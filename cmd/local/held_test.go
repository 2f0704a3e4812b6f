package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/require"
)

// A held is a body that can be read once proceed is closed.
type held struct {
	proceed <-chan struct{}
	io.Reader
}

func (h held) Read(p []byte) (int, error) {
	<-h.proceed
	return h.Reader.Read(p)
}

// An outcome is how a request ended.
type outcome struct {
	reply reply
	err   error
}

// hold sends an order whose body is held until proceed is closed, and returns once the service
// reads it. The request is in flight until then.
func (u user) hold(t *testing.T, body []byte, proceed <-chan struct{}) <-chan outcome {
	t.Helper()
	reading, responses := make(chan struct{}), make(chan outcome, 1)
	ctx := httptrace.WithClientTrace(context.WithoutCancel(t.Context()), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+"/orders", held{proceed, bytes.NewReader(body)})
	require.NoError(t, err)
	request.ContentLength = int64(len(body))
	request.Header.Set("Authorization", u.authorization)
	request.Header.Set("Expect", "100-continue")
	go func() {
		r, err := send(request)
		responses <- outcome{r, err}
	}()
	select {
	case <-reading:
	case early := <-responses:
		require.Fail(t, "response before the body was read", "status %d, %v", early.reply.status, early.err)
	}
	return responses
}
