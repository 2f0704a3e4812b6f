package fakepeers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"orders/internal/strictjson"
)

// A Payment is the fake payment service together with the payment provider that issues tokens. It
// accepts each token any number of times. The zero value is ready to use and keeps its tokens in
// memory; it must not be copied.
type Payment struct {
	// Key signs tokens that carry their amount, so that they are valid for every Payment with the
	// same key. If it is empty, a token is valid for this Payment only.
	Key []byte

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
	if len(p.Key) > 0 {
		return p.sign(token + "." + strconv.FormatInt(amount, 10))
	}

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

// sign returns a text followed by its signature.
func (p *Payment) sign(text string) string {
	mac := hmac.New(sha256.New, p.Key)
	mac.Write([]byte(text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

// signedAmount returns the amount of a signed token.
func (p *Payment) signedAmount(token string) (amount int64, valid bool) {
	text := token[:max(0, strings.LastIndexByte(token, '.'))]
	if !hmac.Equal([]byte(p.sign(text)), []byte(token)) {
		return 0, false
	}
	amount, err := strconv.ParseInt(text[strings.LastIndexByte(text, '.')+1:], 10, 64)
	return amount, err == nil
}

func (p *Payment) covers(token string, total int64) bool {
	if len(p.Key) > 0 {
		amount, valid := p.signedAmount(token)
		return valid && amount >= total
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	amount, known := p.authorized[token]
	return known && amount >= total
}
