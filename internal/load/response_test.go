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

func newRequest(t *testing.T) orderRequest {
	t.Helper()
	d := &dependencies{catalogue: fakepeers.NewCatalogue(), payment: &fakepeers.Payment{}}
	requests, err := newOrderRequests(d, []customer{{userID: "user-1"}}, 1, 0)
	require.NoError(t, err)
	return requests[0]
}

// rightOrder returns the requested order as the service returns it.
func rightOrder(r orderRequest) order.Order {
	return order.Order{OrderID: "id", UserID: "user-1", Status: order.New, Products: r.want.Products, Address: r.want.Address,
		DeliveryPrice: r.want.DeliveryPrice, Total: r.want.Total}
}

func TestOnlyTheRightResponseHasAnOrder(t *testing.T) {
	request := newRequest(t)
	location := http.Header{"Location": {"/orders/id"}}
	for name, test := range map[string]struct {
		status  int
		header  http.Header
		change  func(*order.Order)
		want    verdict
		problem string
	}{
		"created":          {201, location, nil, created, ""},
		"replayed":         {200, http.Header{"Idempotent-Replayed": {"true"}}, nil, replayed, ""},
		"no Location":      {201, nil, nil, invalid, "Location"},
		"silent replay":    {200, nil, nil, invalid, "does not say that it is a replay"},
		"another user":     {201, location, func(o *order.Order) { o.UserID = "user-2" }, invalid, "another user's"},
		"a token":          {201, location, func(o *order.Order) { o.PaymentToken = "secret" }, invalid, "payment token"},
		"another total":    {201, location, func(o *order.Order) { o.Total++ }, invalid, "not the requested order"},
		"another address":  {201, location, func(o *order.Order) { o.Address.City = "Elsewhere" }, invalid, "not the requested order"},
		"another product":  {201, location, func(o *order.Order) { o.Products = o.Products[:1] }, invalid, "not the requested order"},
		"another delivery": {201, location, func(o *order.Order) { o.DeliveryPrice++ }, invalid, "not the requested order"},
		"packed already":   {201, location, func(o *order.Order) { o.Status = order.Packaged }, invalid, "not the requested order"},
		"no id":            {201, location, func(o *order.Order) { o.OrderID = "" }, invalid, "no order ID"},
	} {
		t.Run(name, func(t *testing.T) {
			o := rightOrder(request)
			if test.change != nil {
				test.change(&o)
			}
			body, err := json.Marshal(o)
			require.NoError(t, err)
			got := judge(request, head{test.status, test.header}, body)
			require.Equal(t, test.want, got.verdict)
			require.Contains(t, got.problem, test.problem)
			require.NotContains(t, got.problem, "secret")
			require.Equal(t, test.want != invalid, got.hasOrder())
		})
	}
}

func TestOtherResponses(t *testing.T) {
	retry := http.Header{"Retry-After": {"1"}}
	for name, test := range map[string]struct {
		status  int
		header  http.Header
		body    string
		want    verdict
		problem string
	}{
		"unavailable":       {503, retry, `{"message":"Service unavailable","errors":["a","b"]}`, unavailable, "503 Service unavailable: a; b"},
		"no Retry-After":    {503, nil, `{"message":"Service unavailable","errors":["a"]}`, invalid, "503 without Retry-After or errors"},
		"no reasons":        {503, retry, `{"message":"Service unavailable"}`, invalid, "503 without Retry-After or errors"},
		"a page":            {502, nil, `<html>`, invalid, "502 without a message"},
		"a rejection":       {422, nil, `{"message":"Validation errors","errors":["Wrong payment token"]}`, invalid, "422 Validation errors: Wrong payment token"},
		"no reason":         {409, nil, `{"message":"Payment token already used"}`, invalid, "409 Payment token already used"},
		"no order at all":   {201, nil, `[]`, invalid, "201 is not an order"},
		"nothing with a 20": {200, nil, ``, invalid, "200 is not an order"},
	} {
		t.Run(name, func(t *testing.T) {
			got := judge(newRequest(t), head{test.status, test.header}, []byte(test.body))
			require.Equal(t, test.want, got.verdict)
			require.Equal(t, test.problem, got.problem)
			require.False(t, got.hasOrder())
		})
	}
}
