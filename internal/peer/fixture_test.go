package peer

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"orders/internal/order"
	"orders/internal/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a deadline that no test reaches unless something hangs.
const patience = 30 * time.Second

const region = "eu-west-1"

var keys = aws.Credentials{
	AccessKeyID:     "AKIDEXAMPLEKEY",
	SecretAccessKey: "secret-access-key-example",
	SessionToken:    "session-token-example",
}

func staticKeys(keys aws.Credentials) aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) { return keys, nil }
}

// A subject is one of the four checks with what the contract says of it.
type subject struct {
	name     string
	path     string
	question string // the JSON that anOrder makes
	yes, no  string // answers
	refusal  string // the message for no
	failure  string // the message for everything else
	make     func(baseURL string, calls Calls) order.Checker
}

const productsJSON = `[
	{"productId": "p-1", "name": "<Tea> & more", "package": {"width": 10, "length": 20, "height": 30, "weight": 400}, "price": 250, "quantity": 3},
	{"productId": "p-2", "name": "Kanne", "package": {"width": 0, "length": 1, "height": 2, "weight": 3}, "price": 0, "quantity": 1}]`

func subjects() []subject {
	return []subject{{
		name: "delivery",
		path: "/backend/pricing",
		question: `{"products": ` + productsJSON + `, "address": {"name": "Ada Secretname", "companyName": "Secretcompany", "streetAddress": "Secretstreet 1",
			"postCode": "SECRET99", "city": "Secretcity", "country": "SE", "phoneNumber": "+46123456789"}}`,
		yes:     `{"pricing": 1000}`,
		no:      `{"pricing": 2500}`,
		refusal: "Wrong delivery price: got 1000, expected 2500",
		failure: "Failure to contact the delivery service",
		make:    func(u string, c Calls) order.Checker { return NewDelivery(u, c) },
	}, {
		name:     "payment",
		path:     "/backend/validate",
		question: `{"paymentToken": "tok-secret-payment", "total": 1750}`,
		yes:      `{"ok": true}`,
		no:       `{"ok": false}`,
		refusal:  "Wrong payment token",
		failure:  "Failure to contact the payment service",
		make:     func(u string, c Calls) order.Checker { return NewPayment(u, c) },
	}, {
		name:     "products",
		path:     "/backend/validate",
		question: `{"products": ` + productsJSON + `}`,
		yes:      `{"message": "All products are valid"}`,
		no:       `{"message": "Wrong price in product 'p-1'", "products": [{"productId": "p-1"}]}`,
		refusal:  "Wrong price in product 'p-1'",
		failure:  "Failure to contact the products service",
		make:     func(u string, c Calls) order.Checker { return NewProducts(u, c) },
	}, {
		name:     "users",
		path:     "/backend/validate",
		question: `{"userId": "user-1"}`,
		yes:      `{"ok": true}`,
		no:       `{"ok": false}`,
		refusal:  "Unknown user",
		failure:  "Failure to contact the users service",
		make:     func(u string, c Calls) order.Checker { return NewUsers(u, c) },
	}}
}

func anOrder() order.Order {
	return order.Order{
		OrderID: "0e6e0f4c-5cb2-5d0a-9b3f-8a4a8f1f7a11",
		UserID:  "user-1",
		Products: []order.Product{
			{ProductID: "p-1", Name: "<Tea> & more", Package: order.Package{Width: 10, Length: 20, Height: 30, Weight: 400}, Price: 250, Quantity: 3},
			{ProductID: "p-2", Name: "Kanne", Package: order.Package{Length: 1, Height: 2, Weight: 3}, Quantity: 1},
		},
		Address: order.Address{
			Name: "Ada Secretname", CompanyName: new("Secretcompany"), StreetAddress: "Secretstreet 1",
			PostCode: new("SECRET99"), City: "Secretcity", Country: "SE", PhoneNumber: "+46123456789",
		},
		DeliveryPrice: 1000,
		PaymentToken:  "tok-secret-payment",
		Total:         1750,
	}
}

// callsFor makes calls that sign, over a transport that is closed with the test. Retries come at once. Answers are late
// only beyond all patience, for as long as nothing is known of the peer: servers on real connections are as slow as the
// machine.
func callsFor(t *testing.T, timeout time.Duration) Calls {
	transport := safehttp.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return Calls{Transport: safehttp.Sign(transport, staticKeys(keys), region), Timeout: timeout, Hedge: patience, Random: atOnce}
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// A transportFunc answers requests without a network.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// atOnce is a Calls.Random without waiting.
func atOnce() float64 { return 0 }
