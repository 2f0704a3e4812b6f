package dynamo

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb/dynamodbtest"
)

// A proxy forwards requests to DynamoDB Local. It records them, and injects faults.
type proxy struct {
	endpoint string
	forward  http.HandlerFunc

	mu       sync.Mutex
	requests []request
	faults   []fault // one for each of the next requests; nil means none
	outage   fault   // for every request after those; nil means none
}

func newProxy(t *testing.T, table realTable, faults ...fault) *proxy {
	target, err := url.Parse(table.endpoint)
	require.NoError(t, err)
	p := &proxy{faults: faults}
	p.forward = (&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // as it was signed
		},
		Transport: dynamodbtest.Connections(t).Transport,
	}).ServeHTTP
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.endpoint = server.URL
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	next := p.next(request{operationOf(r), string(body)})
	if next == nil {
		p.forward(w, r)
		return
	}
	next(w, r, p.forward)
}

func (p *proxy) next(r request) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
	if len(p.faults) == 0 {
		return p.outage
	}
	next := p.faults[0]
	p.faults = p.faults[1:]
	return next
}

func (p *proxy) operations() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := []string{}
	for _, r := range p.requests {
		names = append(names, r.operation)
	}
	return names
}
