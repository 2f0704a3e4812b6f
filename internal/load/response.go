package load

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"orders/internal/order"
)

// A verdict says what kind of response a request got.
type verdict string

const (
	created     verdict = "created"     // 201, with the order that was requested
	replayed    verdict = "replayed"    // 200: the order was stored by an earlier request
	unavailable verdict = "unavailable" // 503 as resources/openapi.yaml defines it: retry
	rejected    verdict = "rejected"    // with the status that a hostile or an invalid request deserves
	invalid     verdict = "invalid"     // any other response
	unanswered  verdict = "unanswered"  // no response
)

// A response is what one request got.
type response struct {
	due     time.Time     // when the request was meant to start
	late    time.Duration // from then to its start: the generator's own delay
	latency time.Duration // from when it was due to the end of the response
	verdict verdict
	problem string // what came instead of an order, or what is wrong with it
	orderID string
	digest  digest // of the order as it was returned
}

type digest [sha256.Size]byte

// hasOrder reports whether the response says that the order is stored.
func (r response) hasOrder() bool { return r.verdict == created || r.verdict == replayed }

// judge compares a response with what resources/openapi.yaml defines, and with the request.
func judge(request orderRequest, h head, body []byte) response {
	switch h.status {
	case http.StatusCreated, http.StatusOK:
		return judgeOrder(request, h, body)
	case http.StatusServiceUnavailable:
		return judgeUnavailable(request, h, body)
	}
	return response{verdict: invalid, problem: describe(h.status, body)}
}

func judgeOrder(request orderRequest, h head, body []byte) response {
	got, err := order.FromDocument(body)
	r := response{verdict: created, orderID: got.OrderID, digest: sha256.Sum256(body)}
	if h.status == http.StatusOK {
		r.verdict = replayed
	}
	var problem string
	switch {
	case err != nil:
		problem = "is not an order"
	case r.orderID == "":
		problem = "has no order ID"
	case r.verdict == created && h.header.Get("Location") != "/orders/"+r.orderID:
		problem = "has a Location that is not the order's"
	case r.verdict == replayed && h.header.Get("Idempotent-Replayed") != "true":
		problem = "does not say that it is a replay"
	case got.UserID != request.customer.userID:
		problem = "is another user's order"
	case got.PaymentToken != "":
		problem = "shows the payment token"
	case !matches(got, request.want):
		problem = "is not the requested order"
	default:
		return r
	}
	return response{verdict: invalid, problem: fmt.Sprintf("%d %s", h.status, problem)}
}

// matches reports whether an order is a new one as requested.
func matches(o order.Order, want order.Request) bool {
	return o.Status == order.New && o.Total == want.Total && o.DeliveryPrice == want.DeliveryPrice &&
		slices.Equal(o.Products, want.Products) && reflect.DeepEqual(o.Address, want.Address)
}

func judgeUnavailable(request orderRequest, h head, body []byte) response {
	p, ok := readProblem(body)
	if !ok || len(p.Errors) == 0 || h.header.Get("Retry-After") == "" {
		return response{verdict: invalid, problem: "503 without Retry-After or errors"}
	}
	r := response{verdict: unavailable, problem: describe(h.status, body)}
	if request.invalid {
		r.verdict = rejected
	}
	return r
}

// A problem is the body of a response without an order.
type problem struct {
	Message string
	Errors  []string
}

func readProblem(body []byte) (p problem, ok bool) {
	err := json.Unmarshal(body, &p)
	return p, err == nil && p.Message != ""
}

// describe returns a response in words, the same for all of its kind.
func describe(status int, body []byte) string {
	p, ok := readProblem(body)
	if !ok {
		return fmt.Sprintf("%d without a message", status)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d %s: %s", status, p.Message, strings.Join(p.Errors, "; ")), ": ")
}
