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

// A kind is how a request for an order ended.
type kind string

const (
	created    kind = "created"    // 201, with the order that was asked for
	repeated   kind = "repeated"   // 200: the order was stored by an earlier request
	refused    kind = "refused"    // 503 as the contract has it: try again
	wrong      kind = "wrong"      // any other answer: nothing was wrong with the request
	unanswered kind = "unanswered" // none at all
)

// An outcome is what became of one request.
type outcome struct {
	due     time.Time     // when it was meant to start
	late    time.Duration // from then to the start: the generator's own fault
	took    time.Duration // from when it was due to the end of the answer
	kind    kind
	problem string // what was answered instead of an order, or what is wrong with it
	orderID string
	digest  digest // of the order as it was answered
}

type digest [sha256.Size]byte

// isOrdered tells whether the answer says that the order is stored.
func (o outcome) isOrdered() bool { return o.kind == created || o.kind == repeated }

// judge holds an answer to the contract and to what was asked for.
func judge(b basket, h head, body []byte) outcome {
	switch h.code {
	case http.StatusCreated, http.StatusOK:
		return judgeOrder(b, h, body)
	case http.StatusServiceUnavailable:
		return judgeRefusal(h, body)
	}
	return outcome{kind: wrong, problem: describe(h.code, body)}
}

func judgeOrder(b basket, h head, body []byte) outcome {
	answered, err := order.FromDocument(body)
	o := outcome{kind: created, orderID: answered.OrderID, digest: sha256.Sum256(body)}
	if h.code == http.StatusOK {
		o.kind = repeated
	}
	switch {
	case err != nil:
		o.problem = "is no order"
	case o.orderID == "":
		o.problem = "has no order id"
	case o.kind == created && h.header.Get("Location") != "/orders/"+o.orderID:
		o.problem = "has a Location that is not the order's"
	case o.kind == repeated && h.header.Get("Idempotent-Replayed") != "true":
		o.problem = "does not say that it is a repeat"
	case answered.UserID != b.customer.userID:
		o.problem = "is another user's order"
	case answered.PaymentToken != "":
		o.problem = "shows the payment token"
	case !isWanted(answered, b.wanted):
		o.problem = "is not the order that was asked for"
	default:
		return o
	}
	return outcome{kind: wrong, problem: fmt.Sprintf("%d %s", h.code, o.problem)}
}

func isWanted(o order.Order, wanted order.Request) bool {
	return o.Status == order.New && o.Total == wanted.Total && o.DeliveryPrice == wanted.DeliveryPrice &&
		slices.Equal(o.Products, wanted.Products) && reflect.DeepEqual(o.Address, wanted.Address)
}

func judgeRefusal(h head, body []byte) outcome {
	p, ok := readProblem(body)
	if !ok || len(p.Errors) == 0 || h.header.Get("Retry-After") == "" {
		return outcome{kind: wrong, problem: "503 that is not the contract's"}
	}
	return outcome{kind: refused, problem: describe(h.code, body)}
}

// A problem is the body of an answer that is no order.
type problem struct {
	Message string
	Errors  []string
}

func readProblem(body []byte) (p problem, ok bool) {
	err := json.Unmarshal(body, &p)
	return p, err == nil && p.Message != ""
}

// describe is an answer in words, the same for all of its kind.
func describe(code int, body []byte) string {
	p, ok := readProblem(body)
	if !ok {
		return fmt.Sprintf("%d without a message", code)
	}
	return strings.TrimSuffix(fmt.Sprintf("%d %s: %s", code, p.Message, strings.Join(p.Errors, "; ")), ": ")
}
