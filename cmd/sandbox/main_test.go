package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	_, err := newHandler(func(string) string { return "" }, io.Discard)
	require.EqualError(t, err, "missing environment variables: EVENT_BUS_NAME, TOKEN_KEY, AWS_REGION")
}

func TestEventsArePutOnTheBus(t *testing.T) {
	response := `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`
	var entries struct{ Entries []map[string]any }
	bus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&entries)
		_, _ = io.WriteString(w, response)
	}))
	defer bus.Close()
	variables := map[string]string{
		"EVENT_BUS_NAME": "ecommerce-sandbox", "TOKEN_KEY": "key", "AWS_ENDPOINT_URL_EVENTBRIDGE": bus.URL,
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
	h, err := newHandler(func(name string) string { return variables[name] }, io.Discard)
	require.NoError(t, err)

	packed := `{"source":"ecommerce.warehouse","detail-type":"PackageCreated","detail":{"orderId":"o-1","products":[]}}`
	_, err = h.Invoke(t.Context(), []byte(packed))
	require.NoError(t, err)
	require.Equal(t, []map[string]any{{
		"EventBusName": "ecommerce-sandbox", "Source": "ecommerce.delivery", "DetailType": "DeliveryCompleted",
		"Resources": []any{"o-1"}, "Detail": `{"orderId":"o-1"}`,
	}}, entries.Entries)

	response = `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}`
	_, err = h.Invoke(t.Context(), []byte(`{"source":"ecommerce.warehouse","detail-type":"PackageCreated","detail":{"orderId":"o-2","products":[]}}`))
	require.ErrorContains(t, err, "ThrottlingException")
}
