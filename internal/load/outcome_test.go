package load

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

func anyContains(texts []string, part string) bool {
	for _, text := range texts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func aBasket(t *testing.T) basket {
	t.Helper()
	n := &neighbours{catalogue: fakepeers.NewCatalogue(), payment: &fakepeers.Payment{}}
	baskets, err := fillBaskets(n, []customer{{userID: "user-1"}}, 1)
	require.NoError(t, err)
	return baskets[0]
}

// rightAnswer is the order of a basket as the service answers it.
func rightAnswer(b basket) order.Order {
	return order.Order{OrderID: "id", UserID: "user-1", Status: order.New, Products: b.wanted.Products, Address: b.wanted.Address,
		DeliveryPrice: b.wanted.DeliveryPrice, Total: b.wanted.Total}
}

func TestOnlyTheRightAnswerIsAnOrder(t *testing.T) {
	b := aBasket(t)
	location := http.Header{"Location": {"/orders/id"}}
	for name, test := range map[string]struct {
		code   int
		header http.Header
		spoil  func(*order.Order)
		want   kind
		told   string
	}{
		"created":          {201, location, nil, created, ""},
		"repeated":         {200, http.Header{"Idempotent-Replayed": {"true"}}, nil, repeated, ""},
		"no Location":      {201, nil, nil, wrong, "Location"},
		"silent repeat":    {200, nil, nil, wrong, "does not say that it is a repeat"},
		"another user":     {201, location, func(o *order.Order) { o.UserID = "user-2" }, wrong, "another user's"},
		"a token":          {201, location, func(o *order.Order) { o.PaymentToken = "secret" }, wrong, "payment token"},
		"another total":    {201, location, func(o *order.Order) { o.Total++ }, wrong, "not the order that was asked for"},
		"another address":  {201, location, func(o *order.Order) { o.Address.City = "Elsewhere" }, wrong, "not the order that was asked for"},
		"another product":  {201, location, func(o *order.Order) { o.Products = o.Products[:1] }, wrong, "not the order that was asked for"},
		"another delivery": {201, location, func(o *order.Order) { o.DeliveryPrice++ }, wrong, "not the order that was asked for"},
		"packed already":   {201, location, func(o *order.Order) { o.Status = order.Packaged }, wrong, "not the order that was asked for"},
		"no id":            {201, location, func(o *order.Order) { o.OrderID = "" }, wrong, "no order id"},
	} {
		t.Run(name, func(t *testing.T) {
			o := rightAnswer(b)
			if test.spoil != nil {
				test.spoil(&o)
			}
			body, err := json.Marshal(o)
			require.NoError(t, err)
			got := judge(b, head{test.code, test.header}, body)
			require.Equal(t, test.want, got.kind)
			require.Contains(t, got.problem, test.told)
			require.NotContains(t, got.problem, "secret")
			require.Equal(t, test.want != wrong, got.isOrdered())
		})
	}
}

func TestOtherAnswers(t *testing.T) {
	retry := http.Header{"Retry-After": {"1"}}
	for name, test := range map[string]struct {
		code   int
		header http.Header
		body   string
		want   kind
		told   string
	}{
		"refused":           {503, retry, `{"message":"Service unavailable","errors":["a","b"]}`, refused, "503 Service unavailable: a; b"},
		"no Retry-After":    {503, nil, `{"message":"Service unavailable","errors":["a"]}`, wrong, "503 that is not the contract's"},
		"no reasons":        {503, retry, `{"message":"Service unavailable"}`, wrong, "503 that is not the contract's"},
		"a page":            {502, nil, `<html>`, wrong, "502 without a message"},
		"a check's no":      {422, nil, `{"message":"Validation errors","errors":["Wrong payment token"]}`, wrong, "422 Validation errors: Wrong payment token"},
		"no reason":         {409, nil, `{"message":"Payment token already used"}`, wrong, "409 Payment token already used"},
		"no order at all":   {201, nil, `[]`, wrong, "201 is no order"},
		"nothing with a 20": {200, nil, ``, wrong, "200 is no order"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(aBasket(t), head{test.code, test.header}, []byte(test.body))
			require.Equal(t, test.want, got.kind)
			require.Equal(t, test.told, got.problem)
			require.False(t, got.isOrdered())
		})
	}
}
