package contract_test

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/memory"
	"orders/internal/order"
)

func TestFulfilmentEventsAreThoseOfTheDocument(t *testing.T) {
	type kind struct{ source, detailType any }
	var documented, consumed []kind
	for _, schema := range load(t, eventsFile).Components.Schemas {
		source, detailType := schema.Value.Extensions["x-amazon-events-source"], schema.Value.Extensions["x-amazon-events-detail-type"]
		if source != nil && source != "ecommerce.orders" {
			documented = append(documented, kind{source, detailType})
		}
	}
	for _, event := range handler.FulfilmentEvents() {
		consumed = append(consumed, kind{event.Source, event.DetailType})
	}
	require.ElementsMatch(t, documented, consumed)
}

// The examples of the document belong together: an order is created, and then one of the other
// events arrives.
func TestExamplesOfConsumedEventsAreApplied(t *testing.T) {
	doc := load(t, eventsFile)
	_, modified := event(t, doc, "OrderModified")
	modification := asMap(t, modified["detail"])
	for name, c := range map[string]struct {
		want   map[string]any // the order afterwards
		metric string
	}{
		"PackageCreated":    {asMap(t, modification["new"]), "orderPackaged"},
		"PackagingFailed":   {reaches(modification, "PACKAGING_FAILED"), "orderFailed"},
		"DeliveryCompleted": {reaches(modification, "FULFILLED"), "orderFulfilled"},
		"DeliveryFailed":    {reaches(modification, "DELIVERY_FAILED"), "orderFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, example := event(t, doc, name)
			counted := counter{}
			f := onEvents{store: &memory.Store{}, counts: counted}
			require.NoError(t, f.store.Put(t.Context(), []byte(encoded(t, modification["old"]))))
			for range 2 { // the second time it is a duplicate, and not counted
				_, err := f.invoke(t, encoded(t, example))
				require.NoError(t, err)
				stored, err := f.store.Get(t.Context(), c.want["orderId"].(string))
				require.NoError(t, err)
				require.JSONEq(t, encoded(t, c.want), string(stored.Document))
				require.Equal(t, counter{c.metric: 1}, counted)
			}
		})
	}
}

func TestExamplesAboutUnknownOrdersFail(t *testing.T) {
	doc := load(t, eventsFile)
	for _, consumed := range handler.FulfilmentEvents() {
		_, example := event(t, doc, consumed.DetailType)
		f := onEvents{store: &memory.Store{}, counts: counter{}}
		_, err := f.invoke(t, encoded(t, example))
		require.Equal(t, order.NotFound, order.KindOf(err), consumed.DetailType)
		require.Empty(t, f.counts)
	}
}

// reaches returns the order before a modification, with another status and the time after the
// modification.
func reaches(modification map[string]any, status string) map[string]any {
	after := maps.Clone(modification["old"].(map[string]any))
	after["status"], after["modifiedDate"] = status, modification["new"].(map[string]any)["modifiedDate"]
	after["history"] = append(slices.Clone(after["history"].([]any)), map[string]any{"status": status, "date": after["modifiedDate"]})
	return after
}

// An onEvents is the function on a table of its own, at the time of the document's OrderModified.
type onEvents struct {
	store  *memory.Store
	counts counter
}

func (f onEvents) invoke(t *testing.T, event string) ([]byte, error) {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 1, 23, 10, 58, 2, 417_000, time.UTC) }
	h := handler.OnEvents{Orders: &order.Service{Store: f.store, Now: now}, Metrics: f.counts, Log: slog.New(slog.DiscardHandler)}
	return h.Invoke(t.Context(), []byte(event))
}

// A counter adds up metrics.
type counter map[string]int64

func (c counter) CountResponse(ctx context.Context, orderID string, _ bool, counts map[string]int64) {
	c.Count(ctx, orderID, counts)
}

func (c counter) Count(_ context.Context, _ string, counts map[string]int64) {
	for name, n := range counts {
		c[name] += n
	}
}
