// Package peer checks new orders with the peers: what delivery costs, whether the payment token is
// valid, whether the products and the user exist. Every check is an IAM-signed HTTP POST that
// changes nothing at the peer.
//
// All checks fail closed. Only the response that the contract calls accepted passes, and only a
// clear rejection is an [order.Rejected] error. Anything else, such as a status other than 200, a
// response that is not JSON, or none in time, is an [order.CheckFailed] error, "Failure to contact
// the ... service". Error texts never contain a request, a response that was not understood, a URL,
// or credentials.
//
// A check does not depend on one request. If a response is late compared with what the peer usually
// takes, a hedge is sent on another connection, and the first verdict wins; a request that fails is
// retried. In the long run a retry budget limits both to a tenth of all requests. If a peer does
// not respond, a circuit opens, and checks fail at once instead of waiting, except for a probe now
// and then.
package peer

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"orders/internal/order"
)

// URLs are the base URLs of the peers' APIs, stage included. All are required except Users: if it
// is empty, that check is off, because the platform may have no users API.
type URLs struct {
	Delivery string
	Payment  string
	Products string
	Users    string
}

// Options say how peers are called.
type Options struct {
	Transport http.RoundTripper // signs requests, keeps connections, and returns as soon as a request's context ends
	Hedge     time.Duration     // when to send a hedge while a peer's usual latency is unknown; 0 means 100 ms
	Backoff   time.Duration     // the longest wait before the first retry; 0 means 80 ms
	Log       *slog.Logger      // circuits that open or close at WARN, and each check at DEBUG; nil means no logs
	Random    func() float64    // for backoff: numbers in [0, 1), safe for concurrent use; nil means rand.Float64
}

// New returns the checkers of all peers, in the order of their messages: delivery, payment,
// products, users.
func New(urls URLs, options Options) []order.Checker {
	checkers := []order.Checker{
		newCheck(deliveryContract(), urls.Delivery, options),
		newCheck(paymentContract(), urls.Payment, options),
		newCheck(productsContract(), urls.Products, options),
	}
	if urls.Users != "" {
		checkers = append(checkers, newCheck(usersContract(), urls.Users, options))
	}
	return checkers
}

// Stats counts what one peer was sent since the process started. The number of requests is Calls +
// Hedges + Retries.
type Stats struct {
	Peer     string // as messages name it
	Calls    int64  // checks that sent a request
	Hedges   int64  // requests that were sent because the response to another was late
	Retries  int64  // requests that were sent because another had failed
	Skipped  int64  // checks that failed at once because the circuit was open
	Openings int64  // how often the circuit opened
}

// StatsOf returns the Stats of all checkers that New returned, in their order. Other checkers are
// left out.
func StatsOf(checkers []order.Checker) []Stats {
	var all []Stats
	for _, c := range checkers {
		if c, ok := c.(*check); ok {
			all = append(all, c.stats())
		}
	}
	return all
}

type counters struct{ calls, hedges, retries, skipped, openings atomic.Int64 }

func (c *check) stats() Stats {
	return Stats{
		Peer:     c.peer,
		Calls:    c.counters.calls.Load(),
		Hedges:   c.counters.hedges.Load(),
		Retries:  c.counters.retries.Load(),
		Skipped:  c.counters.skipped.Load(),
		Openings: c.counters.openings.Load(),
	}
}
