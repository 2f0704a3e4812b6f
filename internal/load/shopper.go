package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// patience is how long a customer waits for an answer: somewhat longer than the service has for one.
	patience = 12 * time.Second
	// keptConnections is more than are ever needed at once, so that none is made twice.
	keptConnections = 4096
)

// A shopper asks the service for orders over connections that are kept. It is safe for concurrent use.
type shopper struct {
	client *http.Client
	url    string // of the service
}

func newShopper(url string) *shopper {
	return &shopper{url: url, client: &http.Client{
		Timeout:   patience,
		Transport: &http.Transport{MaxIdleConns: keptConnections, MaxIdleConnsPerHost: keptConnections, DisableCompression: true},
	}}
}

func (s *shopper) close() { s.client.CloseIdleConnections() }

// ask asks for the order of a basket. The time that its answer took is counted from when it was due.
func (s *shopper) ask(ctx context.Context, b basket, due time.Time) outcome {
	late := time.Since(due)
	head, body, err := send(ctx, s.client, http.MethodPost, s.url+"/orders", b.customer.bearer, b.body)
	took := time.Since(due)
	o := outcome{kind: unanswered, problem: "no answer"}
	if err == nil {
		o = judge(b, head, body)
	}
	o.due, o.late, o.took = due, late, took
	return o
}

// get asks for what a customer may see.
func (s *shopper) get(ctx context.Context, c customer, path string) (status int, body []byte, err error) {
	head, body, err := send(ctx, s.client, http.MethodGet, s.url+path, c.bearer, nil)
	return head.code, body, err
}

// fetch gets what must be there.
func (s *shopper) fetch(ctx context.Context, c customer, path string) ([]byte, error) {
	status, body, err := s.get(ctx, c, path)
	if err == nil && status != http.StatusOK {
		err = errors.New(describe(status, body))
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	return body, nil
}

// A head is what comes before an answer's body.
type head struct {
	code   int
	header http.Header
}

// send sends one request and reads the whole answer.
func send(ctx context.Context, client *http.Client, method, url, bearer string, body []byte) (head, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return head{}, nil, err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return head{}, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return head{response.StatusCode, response.Header}, text, err
}
