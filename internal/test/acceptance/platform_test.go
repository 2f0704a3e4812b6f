package acceptance

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A platform is what the service's neighbours sell and charge.
type platform struct {
	productsURL, pricingURL, paymentURL string
	preauthURL                          string // of the third party behind payment
	products                            []map[string]any
	deliveryPrice                       int64 // of all products together, to the address of newRequest
}

// findPlatform reads the parameters of the neighbours, and asks delivery-pricing what the products cost to deliver.
// What products sells only the local service tells; elsewhere a file has to.
func findPlatform(t *testing.T, s *service, under string) platform {
	t.Helper()
	p := platform{
		productsURL: s.parameter(t, under+"products/api/url"),
		pricingURL:  s.parameter(t, under+"delivery-pricing/api/url"),
		paymentURL:  s.parameter(t, under+"payment/api/url"),
	}
	var list []byte
	if s.isLocal {
		p.preauthURL = s.apiURL + "/payment-3p/preauth"
		r := s.send(t, http.MethodGet, s.apiURL+"/_local/products", nil, nobody)
		require.Equal(t, http.StatusOK, r.status)
		list = r.body
	} else {
		p.preauthURL = s.parameter(t, under+"payment-3p/api/url") + "/preauth"
		var err error
		list, err = os.ReadFile(s.products)
		require.NoError(t, err)
	}
	var catalogue struct{ Products []map[string]any }
	require.NoError(t, json.Unmarshal(list, &catalogue))
	require.NotEmpty(t, catalogue.Products, "there is nothing to order")
	p.products = catalogue.Products[:min(3, len(catalogue.Products))]

	var price struct{ Pricing *int64 }
	s.ask(t, "delivery-pricing", p.pricingURL+"/backend/pricing", map[string]any{"products": p.products, "address": address()}, &price)
	require.NotNil(t, price.Pricing, "delivery-pricing names no price")
	p.deliveryPrice = *price.Pricing
	return p
}

// ask puts a question to a neighbour as the service itself does.
func (s *service) ask(t *testing.T, neighbour, url string, question, answer any) {
	t.Helper()
	r := s.send(t, http.MethodPost, url, question, s.services)
	require.Equal(t, http.StatusOK, r.status, "%s does not answer: %s", neighbour, r.body)
	require.NoError(t, json.Unmarshal(r.body, answer), "%s does not answer JSON", neighbour)
}

// preauthorise gets a new payment token.
func (s *service) preauthorise(t *testing.T, amount int64) string {
	t.Helper()
	r := s.send(t, http.MethodPost, s.platform.preauthURL, map[string]any{"cardNumber": "1234567890123456", "amount": amount}, nobody)
	require.Equal(t, http.StatusOK, r.status, "no payment token to be had")
	var answer struct{ PaymentToken string }
	require.NoError(t, json.Unmarshal(r.body, &answer))
	require.NotEmpty(t, answer.PaymentToken)
	return answer.PaymentToken
}

// neighboursAgree makes sure that a failure of what comes next is not a neighbour's.
func neighboursAgree(t *testing.T, s *service) {
	r := s.newRequest(t)
	var wrong struct {
		Products []any
		Message  string
	}
	s.ask(t, "products", s.platform.productsURL+"/backend/validate", map[string]any{"products": r["products"]}, &wrong)
	require.Empty(t, wrong.Products, "the products service does not sell these products: %s", wrong.Message)
	s.found("products sells the %d products to be ordered", len(s.platform.products))
	s.found("delivery-pricing asks %d for them", s.platform.deliveryPrice)
	var paid struct{ OK bool }
	s.ask(t, "payment", s.platform.paymentURL+"/backend/validate", map[string]any{"paymentToken": r["paymentToken"], "total": r.total()}, &paid)
	require.True(t, paid.OK, "payment does not accept a token that was just issued")
	s.found("payment accepts a token for %d", r.total())
}
