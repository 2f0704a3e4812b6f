package fakepeers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func sampleOrder(t *testing.T, p *Payment) map[string]json.RawMessage {
	t.Helper()
	w := httptest.NewRecorder()
	SampleOrderHandler(NewCatalogue(), p).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_local/sample-order", nil))
	require.Equal(t, http.StatusOK, w.Code)
	var order map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &order))
	return order
}

func TestEveryPeerAcceptsTheSampleOrder(t *testing.T) {
	var payment Payment
	order := sampleOrder(t, &payment)

	_, response := post(t, NewCatalogue().ValidateHandler(), "/backend/validate", encode(t, map[string]any{"products": order["products"]}))
	require.Equal(t, map[string]any{"message": "All products are valid"}, response)

	_, response = post(t, PricingHandler(), "/backend/pricing", encode(t, map[string]any{"products": order["products"], "address": order["address"]}))
	require.Equal(t, map[string]any{"pricing": json.Number(order["deliveryPrice"])}, response)

	var token string
	require.NoError(t, json.Unmarshal(order["paymentToken"], &token))
	total := totalOf(t, order)
	require.True(t, paymentOK(t, &payment, token, total))
	require.False(t, paymentOK(t, &payment, token, total+1), "the token covers exactly the total")

	_, response = post(t, UsersHandler(), "/backend/validate", `{"userId":"7fc64069-20fb-4184-bc6a-061f6d689918"}`)
	require.Equal(t, map[string]any{"ok": true}, response)
}

func totalOf(t *testing.T, order map[string]json.RawMessage) int64 {
	t.Helper()
	var total int64
	require.NoError(t, json.Unmarshal(order["deliveryPrice"], &total))
	var lines []struct{ Price, Quantity int64 }
	require.NoError(t, json.Unmarshal(order["products"], &lines))
	require.GreaterOrEqual(t, len(lines), 2)
	for _, line := range lines {
		require.Positive(t, line.Quantity)
		total += line.Price * line.Quantity
	}
	return total
}

func TestSampleOrderIsComplete(t *testing.T) {
	order := sampleOrder(t, &Payment{})
	require.Len(t, order, 4)

	var address map[string]string
	require.NoError(t, json.Unmarshal(order["address"], &address))
	for _, field := range []string{"name", "companyName", "streetAddress", "postCode", "city", "state", "country", "phoneNumber"} {
		require.NotEmpty(t, address[field], field)
	}
	require.Len(t, address, 8)

	var lines []map[string]any
	require.NoError(t, json.Unmarshal(order["products"], &lines))
	for _, line := range lines {
		require.Len(t, line, 5)
	}
}

func TestSampleOrdersHaveTheirOwnTokens(t *testing.T) {
	var payment Payment
	require.NotEqual(t, sampleOrder(t, &payment)["paymentToken"], sampleOrder(t, &payment)["paymentToken"])
}
