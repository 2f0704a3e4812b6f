package local

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order/ordertest"
)

func TestAMemoryTableServesGetItem(t *testing.T) {
	store := &memory.Store{}
	o := ordertest.Sample()
	_, err := store.Create(t.Context(), o)
	require.NoError(t, err)
	call := func(operation, body string) (int, string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
		w := httptest.NewRecorder()
		memoryTable{store}.ServeHTTP(w, r)
		require.NotEmpty(t, w.Header().Get("X-Amz-Crc32"))
		return w.Code, w.Body.String()
	}
	status, body := call("GetItem", `{"TableName":"t","Key":{"orderId":{"S":"`+o.OrderID+`"}}}`)
	require.Equal(t, 200, status)
	require.Contains(t, body, `"orderId":{"S":"`+o.OrderID+`"}`)
	status, body = call("GetItem", `{"TableName":"t","Key":{"orderId":{"S":"x"}}}`)
	require.Equal(t, 200, status)
	require.JSONEq(t, `{}`, body)
	status, body = call("Scan", `{}`)
	require.Equal(t, 400, status)
	require.Contains(t, body, "only GetItem is supported")
	status, _ = call("GetItem", `x`)
	require.Equal(t, 400, status)
}
