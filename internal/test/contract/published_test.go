package contract_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/local"
	"orders/internal/test/testworld"
)

// busName is what the local service calls its event bus.
const busName = "local-ecommerce"

func TestPublishedEventsMatchTheirSchemas(t *testing.T) {
	s := start(t, local.Settings{})
	request := s.sample(t)
	orderID := idOf(t, request)
	s.require(t, http.StatusCreated, "POST", "/orders", request)
	created := s.await(t, orderID, "OrderCreated", "NEW")
	products := created["products"].([]any)
	require.Greater(t, len(products), 1)
	packed := asMap(t, products[1])["productId"]
	s.put(t, "ecommerce.warehouse", "PackageCreated", orderID, map[string]any{"orderId": orderID, "products": []any{
		map[string]any{"productId": "__metadata", "orderId": orderID, "status": "COMPLETED", "modifiedDate": "2026-01-23T10:58:01.220913"},
		map[string]any{"productId": packed, "orderId": orderID, "quantity": 1},
	}})
	packaged := s.await(t, orderID, "OrderModified", "PACKAGED")
	require.Equal(t, created, packaged["old"])
	require.Equal(t, []any{"history", "modifiedDate", "products", "status", "total"}, packaged["changed"])
	require.Len(t, asMap(t, packaged["new"])["products"], 1)
	s.require(t, http.StatusOK, "GET", "/orders/"+orderID, "")

	s.put(t, "ecommerce.delivery", "DeliveryCompleted", orderID, map[string]any{"orderId": orderID})
	fulfilled := s.await(t, orderID, "OrderModified", "FULFILLED")
	require.Equal(t, packaged["new"], fulfilled["old"])
	require.Equal(t, []any{"history", "modifiedDate", "status"}, fulfilled["changed"])
	s.require(t, http.StatusOK, "GET", "/orders/"+orderID, "")
	s.require(t, http.StatusOK, "GET", "/orders", "")
}

// The service deletes no orders, but an operator may, in the table.
func TestDeletionsMatchTheirSchema(t *testing.T) {
	s := start(t, local.Settings{})
	cfg := aws.Config{Region: testworld.Region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return testworld.LocalCredentials, nil
	})}
	tableUpdate := handler.TableUpdate{
		Publisher:   &eventbus.Publisher{Client: eventbus.NewClient(cfg, s.url), Bus: busName},
		Image:       streamimage.Parse,
		TraceHeader: func(context.Context) string { return "" },
		Log:         slog.New(slog.DiscardHandler),
	}
	batch, err := os.ReadFile("testdata/remove.json")
	require.NoError(t, err)
	response, err := tableUpdate.Invoke(t.Context(), batch)
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures": []}`, string(response))
	deleted := s.await(t, "d5e32d1d-552f-497e-babd-f7946ca35c78", "OrderDeleted", "FULFILLED")
	require.Equal(t, json.Number("12345678901234567890123456789"), deleted["points"])
}

// The fake warehouse and delivery send what the real ones send.
func TestFakePeersMatchTheSchemas(t *testing.T) {
	t.Parallel() // they are slow
	s := start(t, local.Settings{Fulfilment: true})
	request := s.sample(t)
	s.require(t, http.StatusCreated, "POST", "/orders", request)
	s.await(t, idOf(t, request), "OrderModified", "FULFILLED")
	var seen []any
	for _, event := range s.events(t) {
		seen = append(seen, event["detail-type"])
	}
	require.Subset(t, seen, []any{"OrderCreated", "PackageCreated", "OrderModified", "DeliveryCompleted"})
}

// require sends a valid request of jane and requires this status.
func (s *service) require(t *testing.T, status int, method, target, body string) {
	t.Helper()
	response, text, invalid := s.exchange(t, method, target, user(jane), body)
	require.NoError(t, invalid)
	require.Equal(t, status, response.StatusCode, text)
}

// put puts an event on the bus as any AWS client does.
func (s *service) put(t *testing.T, source, detailType, orderID string, detail any) {
	t.Helper()
	entry := map[string]any{"EventBusName": busName, "Source": source, "DetailType": detailType, "Resources": []string{orderID}, "Detail": encoded(t, detail)}
	body := encoded(t, map[string]any{"Entries": []any{entry}})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260123/eu-west-1/events/aws4_request, SignedHeaders=host, Signature=00")
	response, text := send(t, request)
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	require.Contains(t, text, `"FailedEntryCount":0`)
}

// events returns the events on the bus, which must match their schemas.
func (s *service) events(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, value := range decode(t, s.fetch(t, "/_local/events")).([]any) {
		event := asMap(t, value)
		name, _ := event["detail-type"].(string)
		require.Contains(t, s.schemas, name)
		require.NoError(t, s.schemas[name].Value.VisitJSON(event), "%v", event)
		all = append(all, event)
	}
	return all
}

// await waits for an event about an order in a status and returns its detail. There may be
// duplicates, as on any bus.
func (s *service) await(t *testing.T, orderID, detailType, status string) map[string]any {
	t.Helper()
	for range 2000 {
		for _, event := range s.events(t) {
			detail := asMap(t, event["detail"])
			image := detail
			if after, ok := detail["new"].(map[string]any); ok {
				image = after
			}
			if event["detail-type"] == detailType && image["orderId"] == orderID && image["status"] == status {
				require.Equal(t, []any{orderID}, event["resources"])
				return detail
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	require.Fail(t, "no such event", "%s %s", detailType, status)
	return nil
}
