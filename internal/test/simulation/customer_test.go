package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
)

// responseTimeout is how long a customer waits for a response. It never ends at the same time as
// something else.
const responseTimeout = 6*time.Second + 7*time.Millisecond

// A customer sends a create until the response is final.
type customer struct {
	history  *history
	name     string
	purchase purchase
	direct   bool // by direct invocation
	random   *rand.Rand
	settled  bool
	again    bool // repeats the request of a stored order, once everything has settled
}

// A createResult is a response to a create.
type createResult struct {
	customer *customer
	name     string // of the invocation
	status   int    // 200 for every success of a direct invocation
	order    map[string]any
	stored   bool // whether the purchase's order was stored before the invocation began
}

func (c *customer) run() {
	time.Sleep(time.Duration(c.random.IntN(20)) * quantum)
	for attempt := 1; attempt <= 4*attempts; attempt++ {
		switch c.send(attempt) {
		case http.StatusOK, http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity:
			c.settled = true
			switch c.random.IntN(4) {
			case 0, 1:
				c.get()
			case 2:
				c.history.readList(c.name+" lists", c.purchase.User, statuses[c.random.IntN(len(statuses))])
			}
			return
		}
		time.Sleep(time.Duration(1+c.random.IntN(40)) * quantum)
	}
}

// send sends the request once and returns the status of the response, or 0 if there was none.
func (c *customer) send(attempt int) int {
	name := fmt.Sprintf("%s.%d", c.name, attempt)
	received := make(chan int, 1)
	f := c.history.scheduler.cross(&call{at: request, name: name, do: func(f fate) string {
		if f == duplicated {
			c.history.scheduler.spawn(func() { c.create(name+" again", nil) })
		}
		c.history.scheduler.spawn(func() { c.create(name, received) })
		return ""
	}})
	if f == lost || f == late {
		time.Sleep(responseTimeout)
		return 0
	}
	timer := time.NewTimer(responseTimeout)
	defer timer.Stop()
	select {
	case status := <-received:
		return status
	case <-timer.C:
		return 0
	}
}

// create invokes create-order and returns the response to the customer.
func (c *customer) create(name string, received chan<- int) {
	h := c.history
	r := createResult{customer: c, name: name, stored: h.hasOrderOf(c.purchase)}
	result, err := h.createOrder(name, c.event())
	if err != nil {
		r.status = http.StatusBadGateway
	} else {
		r.status, r.order = c.read(result)
	}
	f := h.scheduler.cross(&call{at: response, name: name + " responds", do: func(fate) string {
		h.creates = append(h.creates, r)
		return fmt.Sprint(r.status)
	}})
	if received != nil && f == passes {
		received <- r.status
	}
}

// event returns the event for create-order.
func (c *customer) event() []byte {
	if c.direct {
		return encode(map[string]any{"userId": c.purchase.User, "order": c.purchase.body()})
	}
	return proxied(http.MethodPost, "/orders", c.purchase.User, func(r *events.APIGatewayProxyRequest) { r.Body = string(c.purchase.body()) })
}

// read returns what is in a response of create-order.
func (c *customer) read(response []byte) (status int, created map[string]any) {
	if !c.direct {
		return readProxied(response)
	}
	var result struct {
		Success bool
		Message string
		Order   json.RawMessage
	}
	decode(response, &result)
	switch {
	case result.Success:
		return http.StatusOK, plainJSON(result.Order)
	case result.Message == "Payment token already used":
		return http.StatusConflict, nil
	case result.Message == "Service unavailable":
		return http.StatusServiceUnavailable, nil
	case result.Message == "Validation errors" && c.purchase.DeliveryPrice != wrongPrice:
		return http.StatusServiceUnavailable, nil // a failed check looks like a rejection
	}
	return http.StatusUnprocessableEntity, nil
}

// A getResult is a response to a get of one order.
type getResult struct {
	customer *customer
	status   int
	order    map[string]any
	due      bool // whether an earlier response said that the order is stored
}

// get gets the order of the purchase, which may be somebody else's.
func (c *customer) get() {
	h := c.history
	due := false
	for _, r := range h.createsOf(c) {
		due = due || r.order != nil
	}
	for attempt := 1; attempt <= 4*attempts; attempt++ {
		event := proxied(http.MethodGet, "/orders/{orderId}", c.purchase.User, func(r *events.APIGatewayProxyRequest) {
			r.PathParameters = map[string]string{"orderId": c.purchase.orderID()}
		})
		s := getResult{customer: c, due: due}
		response, err := h.getOrder(fmt.Sprintf("%s gets.%d", c.name, attempt), event)
		if err == nil {
			s.status, s.order = readProxied(response)
		}
		h.scheduler.cross(&call{at: others, name: c.name + " got", do: func(fate) string {
			h.gets = append(h.gets, s)
			return fmt.Sprint(s.status)
		}})
		if s.status == http.StatusOK || s.status == http.StatusNotFound {
			return
		}
		time.Sleep(10 * quantum)
	}
}

func (w purchase) orderID() string { return order.IDFor(order.PaymentToken(w.Token)) }
