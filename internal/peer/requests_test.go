package peer

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestTheRequestsAreThoseOfTheContract(t *testing.T) {
	for _, s := range subjects() {
		for _, base := range []string{"", "/Prod", "/Prod/"} {
			t.Run(s.name+base, func(t *testing.T) {
				var seen *http.Request
				var body []byte
				server := serve(t, func(w http.ResponseWriter, r *http.Request) {
					seen = r
					body, _ = io.ReadAll(r.Body)
					answering(200, s.yes)(w, r)
				})
				require.NoError(t, s.make(server.URL+base, callsFor(t, patience)).Check(t.Context(), anOrder()))
				require.Equal(t, http.MethodPost, seen.Method)
				want := s.path
				if base != "" {
					want = "/Prod" + s.path
				}
				require.Equal(t, want, seen.RequestURI)
				require.Equal(t, "application/json", seen.Header.Get("Content-Type"))
				require.EqualValues(t, len(body), seen.ContentLength)
				require.Empty(t, seen.Header.Values("Idempotency-Key"))
				require.JSONEq(t, s.question, string(body))
			})
		}
	}
}

func TestJSONIsWrittenWithoutHTMLEscapes(t *testing.T) {
	body, err := encode(anOrder().Products)
	require.NoError(t, err)
	require.Contains(t, string(body), "<Tea> & more")
}

func TestNewMakesTheCheckersInTheOrderOfTheirMessages(t *testing.T) {
	urls := URLs{Delivery: "http://d.example", Payment: "http://pay.example", Products: "http://prod.example", Users: "http://u.example"}
	var calls Calls
	require.Equal(t, []order.Checker{
		NewDelivery(urls.Delivery, calls), NewPayment(urls.Payment, calls), NewProducts(urls.Products, calls), NewUsers(urls.Users, calls),
	}, New(urls, calls))

	urls.Users = ""
	require.Equal(t, []order.Checker{
		NewDelivery(urls.Delivery, calls), NewPayment(urls.Payment, calls), NewProducts(urls.Products, calls),
	}, New(urls, calls))
}
