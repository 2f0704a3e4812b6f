// Package peer asks the neighbours whether an order is right: what delivery costs, whether the payment token is good,
// whether products and user exist. Every question is an IAM-signed HTTP POST that changes nothing at the peer.
//
// All checks fail closed. Only the answer that the contract calls valid passes, and only a clear no refuses the order;
// anything else, such as a status other than 200, no JSON or none in time, is an [order.CheckFailed] error, "Failure to
// contact the ... service". The texts of errors never hold a request, an answer that was not understood, a URL or
// credentials.
//
// A slow answer is not waited for alone: when it is late against what the peer usually takes, the same question goes out
// on a second connection, and the first good answer wins. A lost one is asked for again. Both are bounded to a tenth of
// all calls. A peer that is down is found out once, and then left alone but for a probe now and then.
//
// A program puts the parts together from the inside out, NewTransport, whatever observes single requests, Sign, and
// hands the result to New.
package peer

import (
	"log/slog"
	"net/http"
	"time"

	"orders/internal/order"
)

// URLs says where the peers are: each one's API with its stage, to which paths are added. All are required but Users:
// a platform without a users API leaves it empty, and that one check is off.
type URLs struct {
	Delivery string
	Payment  string
	Products string
	Users    string
}

// Calls says how peers are called.
type Calls struct {
	Transport http.RoundTripper // signs the requests, keeps connections, and returns as soon as a request's context ends
	Timeout   time.Duration     // the most that one check may take, its answer read, whatever the context allows; 0: 4 s
	Hedge     time.Duration     // how long to wait before asking once more while a peer's usual time is unknown; 0: 100 ms
	Log       *slog.Logger      // is warned when a peer goes down and when it is back, and told of each check at DEBUG; nil: nobody is
	Random    func() float64    // spreads retries: numbers in [0, 1), from many goroutines; nil: rand.Float64
}

// New returns the checkers of all peers, in the order of their messages: delivery, payment, products, users.
func New(urls URLs, calls Calls) []order.Checker {
	checkers := []order.Checker{
		NewDelivery(urls.Delivery, calls),
		NewPayment(urls.Payment, calls),
		NewProducts(urls.Products, calls),
	}
	if urls.Users != "" {
		checkers = append(checkers, NewUsers(urls.Users, calls))
	}
	return checkers
}
