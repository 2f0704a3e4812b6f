package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

const (
	// customers is how many users share the orders of a run.
	customers = 20
	// clientTimeout is somewhat longer than the service has for a response.
	clientTimeout = 17 * time.Second
	// idleConnections is more than are ever needed at once, so that no connection is made twice.
	idleConnections = 4096
)

// A schedule is arrivals at a constant rate. It is open: no arrival waits for the response to an
// earlier one.
type schedule struct {
	rate  int // arrivals a second
	count int
}

// due returns when an arrival is due, counted from the start.
func (s schedule) due(i int) time.Duration {
	return time.Duration(i) * time.Second / time.Duration(s.rate)
}

// run calls arrive for every arrival at its time, each in a goroutine of its own, and returns when
// all calls have returned. An arrival that is late, because the machine was busy, still happens,
// and is told when it was due. When ctx ends, no more arrive.
func (s schedule) run(ctx context.Context, start time.Time, arrive func(i int, due time.Time)) {
	var arrivals sync.WaitGroup
	defer arrivals.Wait()
	for i := range s.count {
		due := start.Add(s.due(i))
		if !sleepUntil(ctx, due) {
			return
		}
		arrivals.Go(func() { arrive(i, due) })
	}
}

// sleepUntil returns at a time, which may be over, or false if ctx ends first.
func sleepUntil(ctx context.Context, at time.Time) bool { return sleep(ctx, time.Until(at)) }

// sleep returns after a while, or false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A customer is a user who has signed in.
type customer struct{ userID, bearer string }

// An orderRequest is a request to create one order. All of it is made before the clock starts.
type orderRequest struct {
	customer customer
	body     []byte
	want     order.Request // what the body says
	invalid  bool          // whether products cannot check it
}

// invalidQuantity marks an order that products cannot check. Quantities are not in its catalogue,
// so that it accepts the order once the faults are over.
const invalidQuantity = 502

// invalidCycle is after how many orders the next invalid ones follow.
const invalidCycle = 40

// isInvalid reports whether products cannot check the order of a request.
func isInvalid(body []byte) bool {
	return bytes.Contains(body, fmt.Appendf(nil, `"quantity":%d`, invalidQuantity))
}

// newOrderRequests returns requests for sample orders that the peers accept, each with a payment
// token of its own, from the customers in turn. A share of them is invalid, many in a row.
func newOrderRequests(d *dependencies, all []customer, count int, invalid float64) ([]orderRequest, error) {
	requests := make([]orderRequest, count)
	for i := range requests {
		sample := fakepeers.NewSampleOrder(d.catalogue, d.payment)
		isInvalid := float64(i%invalidCycle) < invalid*invalidCycle
		if isInvalid {
			first := &sample.Products[0]
			first.Quantity = invalidQuantity
			sample.PaymentToken = d.payment.Preauthorize(math.MaxInt32)
		}
		body, err := json.Marshal(sample)
		if err != nil {
			return nil, err
		}
		want, err := order.ParseRequest(body)
		if err != nil {
			return nil, fmt.Errorf("invalid sample order: %w", err)
		}
		requests[i] = orderRequest{all[i%len(all)], body, want, isInvalid}
	}
	return requests, nil
}

// A client calls the service over connections that are kept. It is safe for concurrent use.
type client struct {
	http *http.Client
	url  string // of the service
}

func newClient(url string) *client {
	return &client{url: url, http: &http.Client{
		Timeout: clientTimeout,
		Transport: &http.Transport{
			MaxIdleConns: idleConnections, MaxIdleConnsPerHost: idleConnections, DisableCompression: true,
		},
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// signIn returns the customer with this user ID.
func (c *client) signIn(ctx context.Context, userID string) (customer, error) {
	token, err := c.fetch(ctx, customer{}, "/_local/token?sub="+userID)
	return customer{userID, string(token)}, err
}

// signInAll returns new customers.
func (c *client) signInAll(ctx context.Context) ([]customer, error) {
	all := make([]customer, customers)
	for i := range all {
		var err error
		if all[i], err = c.signIn(ctx, uuid.NewString()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// create sends a request to create an order. Latency counts from when the request was due.
func (c *client) create(ctx context.Context, request orderRequest, due time.Time) response {
	late := time.Since(due)
	head, body, err := c.send(ctx, http.MethodPost, "/orders", request.customer.bearer, request.body)
	latency := time.Since(due)
	r := response{verdict: unanswered, problem: "no response"}
	if err == nil {
		r = judge(request, head, body)
	}
	r.due, r.late, r.latency = due, late, latency
	return r
}

// get reads what a customer may see.
func (c *client) get(ctx context.Context, by customer, path string) (status int, body []byte, err error) {
	head, body, err := c.send(ctx, http.MethodGet, path, by.bearer, nil)
	return head.status, body, err
}

// fetch gets what must be there.
func (c *client) fetch(ctx context.Context, by customer, path string) ([]byte, error) {
	status, body, err := c.get(ctx, by, path)
	if err == nil && status != http.StatusOK {
		err = errors.New(describe(status, body))
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	return body, nil
}

// A head is the part of a response before its body.
type head struct {
	status int
	header http.Header
}

// send sends one request and reads the whole response.
func (c *client) send(ctx context.Context, method, path, bearer string, body []byte) (head, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return head{}, nil, err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return head{}, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return head{response.StatusCode, response.Header}, text, err
}
