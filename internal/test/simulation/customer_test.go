package simulation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

const (
	createTimeout = 10 * time.Second
	getTimeout    = 5 * time.Second

	// patience is how long a customer waits for an answer. It ends at no time at which anything else does.
	patience = 6*time.Second + 7*time.Millisecond
)

// A customer asks for an order until there is an answer that settles it.
type customer struct {
	history *history
	name    string
	wish    wish
	direct  bool // through the service that invokes create-order by itself
	random  *rand.Rand
	settled bool
	again   bool // asks for what is stored already, once everything has settled
}

// A reply is what a customer was answered.
type reply struct {
	customer *customer
	name     string // of the invocation
	status   int    // 200 for every success of a direct invocation
	order    map[string]any
	stored   bool // whether the wish's order was stored before the invocation began
}

func (c *customer) shop() {
	time.Sleep(time.Duration(c.random.IntN(20)) * quantum)
	for try := 1; try <= 4*attempts; try++ {
		switch c.ask(try) {
		case http.StatusOK, http.StatusCreated, http.StatusConflict, http.StatusUnprocessableEntity:
			c.settled = true
			if c.random.IntN(2) == 0 {
				c.look()
			}
			return
		}
		time.Sleep(time.Duration(1+c.random.IntN(40)) * quantum)
	}
}

// ask sends the request once, and returns the status of the answer, 0 if none came.
func (c *customer) ask(try int) int {
	name := fmt.Sprintf("%s.%d", c.name, try)
	heard := make(chan int, 1)
	f := c.history.scheduler.cross(&call{at: request, name: name, do: func(f fate) string {
		if f == twice {
			c.history.scheduler.spawn(func() { c.create(name+" again", nil) })
		}
		c.history.scheduler.spawn(func() { c.create(name, heard) })
		return ""
	}})
	if f == lost || f == late {
		time.Sleep(patience)
		return 0
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case status := <-heard:
		return status
	case <-timer.C:
		return 0
	}
}

// create is the request's way through create-order and back.
func (c *customer) create(name string, heard chan<- int) {
	h := c.history
	r := reply{customer: c, name: name, stored: h.hasOrderOf(c.wish)}
	answered, err := h.createOrder(name, c.event())
	if err != nil {
		r.status = http.StatusBadGateway
	} else {
		r.status, r.order = c.read(answered)
	}
	f := h.scheduler.cross(&call{at: answer, name: name + " answered", do: func(fate) string {
		h.replies = append(h.replies, r)
		return fmt.Sprint(r.status)
	}})
	if heard != nil && f == passes {
		heard <- r.status
	}
}

// event is what invokes create-order.
func (c *customer) event() []byte {
	if c.direct {
		return encode(map[string]any{"userId": c.wish.User, "order": c.wish.body()})
	}
	return proxied(http.MethodPost, "/orders", c.wish.User, func(r *events.APIGatewayProxyRequest) { r.Body = string(c.wish.body()) })
}

// read takes create-order's answer apart.
func (c *customer) read(answered []byte) (status int, created map[string]any) {
	if !c.direct {
		return readProxied(answered)
	}
	var said struct {
		Success bool
		Message string
		Order   json.RawMessage
	}
	decode(answered, &said)
	switch {
	case said.Success:
		return http.StatusOK, plainJSON(said.Order)
	case said.Message == "Payment token already used":
		return http.StatusConflict, nil
	case said.Message == "Service unavailable":
		return http.StatusServiceUnavailable, nil
	case said.Message == "Validation errors" && c.wish.DeliveryPrice != wrongPrice:
		return http.StatusServiceUnavailable, nil // a check that could not be made looks like one that said no
	}
	return http.StatusUnprocessableEntity, nil
}
