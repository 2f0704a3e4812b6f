package peer

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"orders/internal/order"
	"orders/internal/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var keys = aws.Credentials{
	AccessKeyID:     "AKIDEXAMPLEKEY",
	SecretAccessKey: "secret-access-key-example",
	SessionToken:    "session-token-example",
}

func sign(next http.RoundTripper) *safehttp.Signer {
	credentials := func(context.Context) (aws.Credentials, error) { return keys, nil }
	return safehttp.Sign(next, safehttp.APIGateway, aws.CredentialsProviderFunc(credentials), "eu-west-1")
}

// A spec is what the contract says about one of the four checks.
type spec struct {
	name               string
	path               string
	request            string // the JSON for sampleOrder
	accepted, rejected string // responses
	rejection          string // the message of the rejected response
	failure            string // the message of everything else
	newCheck           func(baseURL string, options Options) *check
}

const productsJSON = `[
	{"productId": "p-1", "name": "<Tea> & more", "package": {"width": 10, "length": 20, "height": 30, "weight": 400}, "price": 250, "quantity": 3},
	{"productId": "p-2", "name": "Kanne", "package": {"width": 0, "length": 1, "height": 2, "weight": 3}, "price": 0, "quantity": 1}]`

func specs() []spec {
	return []spec{{
		name: "delivery",
		path: "/backend/pricing",
		request: `{"products": ` + productsJSON + `, "address": {"name": "Ada Secretname", "companyName": "Secretcompany", "streetAddress": "Secretstreet 1",
			"postCode": "SECRET99", "city": "Secretcity", "country": "SE", "phoneNumber": "+46123456789"}}`,
		accepted:  `{"pricing": 1000}`,
		rejected:  `{"pricing": 2500}`,
		rejection: "Wrong delivery price: got 1000, expected 2500",
		failure:   "Failure to contact the delivery service",
		newCheck:  func(u string, o Options) *check { return newCheck(deliveryContract(), u, o) },
	}, {
		name:      "payment",
		path:      "/backend/validate",
		request:   `{"paymentToken": "tok-secret-payment", "total": 1750}`,
		accepted:  `{"ok": true}`,
		rejected:  `{"ok": false}`,
		rejection: "Wrong payment token",
		failure:   "Failure to contact the payment service",
		newCheck:  func(u string, o Options) *check { return newCheck(paymentContract(), u, o) },
	}, {
		name:      "products",
		path:      "/backend/validate",
		request:   `{"products": ` + productsJSON + `}`,
		accepted:  `{"message": "All products are valid"}`,
		rejected:  `{"message": "Wrong price in product 'p-1'", "products": [{"productId": "p-1"}]}`,
		rejection: "Wrong price in product 'p-1'",
		failure:   "Failure to contact the products service",
		newCheck:  func(u string, o Options) *check { return newCheck(productsContract(), u, o) },
	}, {
		name:      "users",
		path:      "/backend/validate",
		request:   `{"userId": "user-1"}`,
		accepted:  `{"ok": true}`,
		rejected:  `{"ok": false}`,
		rejection: "Unknown user",
		failure:   "Failure to contact the users service",
		newCheck:  func(u string, o Options) *check { return newCheck(usersContract(), u, o) },
	}}
}

func specFor(name string) spec {
	for _, s := range specs() {
		if s.name == name {
			return s
		}
	}
	panic("no peer " + name)
}

func sampleOrder() order.Order {
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

func requireRejected(t *testing.T, err error, message string) {
	t.Helper()
	e, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, order.Rejected, e.Kind)
	require.Equal(t, message, e.Message)
	require.NoError(t, e.Err)
}

func requireFailed(t *testing.T, err error, s spec) {
	t.Helper()
	e, ok := errors.AsType[*order.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, order.CheckFailed, e.Kind)
	require.Equal(t, s.failure, e.Message)
	require.ErrorContains(t, e.Err, s.name)
}
