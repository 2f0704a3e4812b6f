package fakepeers

import (
	"net/http"
	"sync"

	"github.com/google/uuid"
)

// Payment is the payment service together with the third party behind it that
// issues tokens. It keeps tokens in memory for as long as it lives, and takes
// each as often as it is asked. Its zero value is ready; it must not be copied.
type Payment struct {
	// NewToken makes a token that was not made before; random UUIDs when nil.
	NewToken func() string

	mu         sync.Mutex
	authorised map[string]int64
}

// Preauthorise issues a token good for up to amount minor units.
func (p *Payment) Preauthorise(amount int64) string {
	newToken := p.NewToken
	if newToken == nil {
		newToken = uuid.NewString
	}
	token := newToken()

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.authorised == nil {
		p.authorised = make(map[string]int64)
	}
	p.authorised[token] = amount
	return token
}

// PreauthHandler answers the third party's POST /preauth {"cardNumber",
// "amount"} with {"paymentToken"}. The card number is looked at and forgotten.
func (p *Payment) PreauthHandler() http.Handler {
	return route("/preauth", func(body object) (any, error) {
		if _, err := body.text("cardNumber"); err != nil {
			return nil, err
		}
		amount, err := body.integer("amount", 1)
		if err != nil {
			return nil, err
		}
		return map[string]string{"paymentToken": p.Preauthorise(amount)}, nil
	})
}

// ValidateHandler answers POST /backend/validate {"paymentToken", "total"}
// with {"ok"}: whether the token was issued for at least total. Nothing at all
// cannot be paid for: a total of 0 is never ok.
func (p *Payment) ValidateHandler() http.Handler {
	return route("/backend/validate", func(body object) (any, error) {
		token, err := body.text("paymentToken")
		if err != nil {
			return nil, err
		}
		total, err := body.integer("total", 0)
		if err != nil {
			return nil, err
		}
		return map[string]bool{"ok": total > 0 && p.covers(token, total)}, nil
	})
}

func (p *Payment) covers(token string, total int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	amount, known := p.authorised[token]
	return known && amount >= total
}
