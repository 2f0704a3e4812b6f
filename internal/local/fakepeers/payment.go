package fakepeers

import (
	"net/http"
	"orders/internal/strictjson"
	"sync"

	"github.com/google/uuid"
)

// A Payment is the fake payment service together with the payment provider that issues tokens. It
// keeps tokens in memory and accepts each any number of times. The zero value is ready to use; it
// must not be copied.
type Payment struct {
	// NewToken returns a new, unique token; nil means a random UUID.
	NewToken func() string

	mu         sync.Mutex
	authorized map[string]int64 // amounts by token
}

// Preauthorize returns a new token for up to amount minor units.
func (p *Payment) Preauthorize(amount int64) string {
	newToken := p.NewToken
	if newToken == nil {
		newToken = uuid.NewString
	}
	token := newToken()

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.authorized == nil {
		p.authorized = make(map[string]int64)
	}
	p.authorized[token] = amount
	return token
}

// PreauthHandler returns the handler of the provider's POST /preauth {"cardNumber", "amount"},
// which responds with {"paymentToken"}. The card number must be present and is not kept.
func (p *Payment) PreauthHandler() http.Handler {
	return route("/preauth", func(body strictjson.Object) any {
		_ = body.String("cardNumber")
		amount := body.Integer("amount", 1, maxInteger)
		if body.Errors() != nil {
			return nil
		}
		return map[string]string{"paymentToken": p.Preauthorize(amount)}
	})
}

// ValidateHandler returns the handler of POST /backend/validate {"paymentToken", "total"}. It
// responds with {"ok"}: whether the token was issued for at least total. A total of 0 is never ok.
func (p *Payment) ValidateHandler() http.Handler {
	return route("/backend/validate", func(body strictjson.Object) any {
		token, total := body.String("paymentToken"), body.Integer("total", 0, maxInteger)
		return map[string]bool{"ok": total > 0 && p.covers(token, total)}
	})
}

func (p *Payment) covers(token string, total int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	amount, known := p.authorized[token]
	return known && amount >= total
}
