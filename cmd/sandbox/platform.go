package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/local/fakepeers"
)

// A platform plays everyone around the orders service. It is safe for concurrent use.
type platform struct {
	peers      map[string]http.Handler // by stage of the REST API: they share paths
	fulfilment *fakepeers.Fulfilment
}

// newPlatform returns a platform that signs payment tokens with key and puts events with put.
func newPlatform(key []byte, put fakepeers.Put) *platform {
	payment := &fakepeers.Payment{Key: key}
	return &platform{
		peers: map[string]http.Handler{
			"delivery-pricing": fakepeers.PricingHandler(),
			"payment":          payment.ValidateHandler(),
			"payment-3p":       payment.PreauthHandler(), // the only one that needs no signature
			"products":         fakepeers.NewCatalogue().ValidateHandler(),
			"users":            fakepeers.UsersHandler(),
		},
		fulfilment: fakepeers.NewFulfilment(put),
	}
}

// Invoke responds to a proxy event of API Gateway, or lets warehouse and delivery handle an event
// of the bus. An error makes EventBridge retry.
func (p *platform) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event struct {
		HTTPMethod string `json:"httpMethod"`
		Source     string `json:"source"`
		DetailType string `json:"detail-type"`
	}
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("parse event: %w", err)
	}
	switch {
	case event.HTTPMethod != "":
		return p.respond(ctx, payload)
	case event.Source == "ecommerce.orders" && event.DetailType == "OrderCreated":
		return []byte("null"), p.fulfilment.Warehouse(payload)
	case event.Source == "ecommerce.warehouse" && event.DetailType == "PackageCreated":
		return []byte("null"), p.fulfilment.Delivery(payload)
	}
	return nil, errors.New("neither a proxy event nor an event that warehouse or delivery handle")
}

// respond lets the peer of the request's stage respond.
func (p *platform) respond(ctx context.Context, payload []byte) ([]byte, error) {
	var proxy events.APIGatewayProxyRequest
	if err := json.Unmarshal(payload, &proxy); err != nil {
		return nil, fmt.Errorf("parse proxy event: %w", err)
	}
	peer, ok := p.peers[proxy.RequestContext.Stage]
	if !ok {
		return nil, fmt.Errorf("no peer has the stage %q", proxy.RequestContext.Stage)
	}
	body := []byte(proxy.Body)
	if proxy.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(proxy.Body); err != nil {
			return nil, fmt.Errorf("decode body: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, proxy.HTTPMethod, (&url.URL{Path: proxy.Path}).String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read proxy event: %w", err)
	}
	response := recorder{header: http.Header{}, status: http.StatusOK}
	peer.ServeHTTP(&response, request)
	headers := map[string]string{}
	for name := range response.header {
		headers[name] = response.header.Get(name)
	}
	return json.Marshal(events.APIGatewayProxyResponse{StatusCode: response.status, Headers: headers, Body: response.body.String()})
}

// A recorder is the http.ResponseWriter of one response.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(text []byte) (int, error) { return r.body.Write(text) }
