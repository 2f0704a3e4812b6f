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

// A held body is one that comes only once it may.
type held struct {
	goOn <-chan struct{}
	io.Reader
}

func (h held) Read(p []byte) (int, error) {
	<-h.goOn
	return h.Reader.Read(p)
}

// An outcome is how a request ended.
type outcome struct {
	reply reply
	err   error
}

// hold sends an order whose body is held until goOn is closed, and returns when the service has begun to read it: its
// request is then in flight for as long as a test likes.
func (u user) hold(t *testing.T, body []byte, goOn <-chan struct{}) (answered <-chan outcome) {
	t.Helper()
	reading, answers := make(chan struct{}), make(chan outcome, 1)
	ctx := httptrace.WithClientTrace(context.WithoutCancel(t.Context()), &httptrace.ClientTrace{Got100Continue: func() { close(reading) }})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.url+"/orders", held{goOn, bytes.NewReader(body)})
	require.NoError(t, err)
	request.ContentLength = int64(len(body))
	request.Header.Set("Authorization", u.authorization)
	request.Header.Set("Expect", "100-continue")
	go func() {
		r, err := send(request)
		answers <- outcome{r, err}
	}()
	select {
	case <-reading:
	case early := <-answers:
		require.Fail(t, "answered before it was read", "status %d, %v", early.reply.status, early.err)
	}
	return answers
}
