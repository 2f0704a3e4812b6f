package acceptance

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A platform is what the service's peers sell and charge.
type platform struct {
	productsURL, pricingURL, paymentURL string
	preauthURL                          string // of the third party behind payment
	products                            []map[string]any
	deliveryPrice                       int64 // of all products together, to the address of newRequest
}

// findPlatform reads the parameters of the peers and gets the delivery price. Only the local
// service lists its products; for others, a file does.
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
		r := s.send(t, http.MethodGet, s.apiURL+"/_local/products", nil, unsigned)
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
	require.NotEmpty(t, catalogue.Products, "no products to order")
	p.products = catalogue.Products[:min(3, len(catalogue.Products))]

	var price struct{ Pricing *int64 }
	s.callPeer(t, "delivery-pricing", p.pricingURL+"/backend/pricing", map[string]any{"products": p.products, "address": address()}, &price)
	require.NotNil(t, price.Pricing, "delivery-pricing returned no price")
	p.deliveryPrice = *price.Pricing
	return p
}

// callPeer calls a peer as the service itself does.
func (s *service) callPeer(t *testing.T, peer, url string, request, response any) {
	t.Helper()
	r := s.send(t, http.MethodPost, url, request, s.signed)
	require.Equal(t, http.StatusOK, r.status, "%s: %s", peer, r.body)
	require.NoError(t, json.Unmarshal(r.body, response), "%s did not return JSON", peer)
}

// preauthorise returns a new payment token.
func (s *service) preauthorise(t *testing.T, amount int64) string {
	t.Helper()
	r := s.send(t, http.MethodPost, s.platform.preauthURL, map[string]any{"cardNumber": "1234567890123456", "amount": amount}, unsigned)
	require.Equal(t, http.StatusOK, r.status, "no payment token")
	var preauth struct{ PaymentToken string }
	require.NoError(t, json.Unmarshal(r.body, &preauth))
	require.NotEmpty(t, preauth.PaymentToken)
	return preauth.PaymentToken
}

// peersAccept makes sure that no later failure is caused by a peer.
func peersAccept(t *testing.T, s *service) {
	r := s.newRequest(t)
	var wrong struct {
		Products []any
		Message  string
	}
	s.callPeer(t, "products", s.platform.productsURL+"/backend/validate", map[string]any{"products": r["products"]}, &wrong)
	require.Empty(t, wrong.Products, "products rejects these products: %s", wrong.Message)
	s.passed("products accepts the %d products to be ordered", len(s.platform.products))
	s.passed("delivery-pricing returns %d for them", s.platform.deliveryPrice)
	var paid struct{ OK bool }
	s.callPeer(t, "payment", s.platform.paymentURL+"/backend/validate", map[string]any{"paymentToken": r["paymentToken"], "total": r.total()}, &paid)
	require.True(t, paid.OK, "payment rejects a new token")
	s.passed("payment accepts a token for %d", r.total())
}
