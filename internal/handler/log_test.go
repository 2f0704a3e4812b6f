package handler_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// logTo returns a logger of a level, and a function that returns the lines logged since its last
// call, without times.
func logTo(level slog.Level) (log *slog.Logger, lines func(t *testing.T) []map[string]any) {
	var output bytes.Buffer
	return slog.New(slog.NewJSONHandler(&output, &slog.HandlerOptions{Level: level})), func(t *testing.T) (all []map[string]any) {
		t.Helper()
		for decoder := json.NewDecoder(&output); decoder.More(); {
			var line map[string]any
			require.NoError(t, decoder.Decode(&line))
			delete(line, "time")
			all = append(all, line)
		}
		return all
	}
}

func TestEveryEventIsLoggedAtDebug(t *testing.T) {
	b := bus{fail: map[string]error{"b": &order.Error{Kind: order.Unavailable, Message: "throttled"}}}
	records := batch(record("INSERT", "a", "1", "", `{}`), record("MODIFY", "b", "2", `{}`, `{"x":"s3cret"}`), record("REMOVE", "c", "3", `{}`, ""))
	for level, want := range map[slog.Level][]map[string]any{
		slog.LevelDebug: {
			{"level": "DEBUG", "msg": "event sent", "orderId": "a", "sequenceNumber": "1", "detailType": "OrderCreated", "result": "accepted"},
			{"level": "DEBUG", "msg": "event sent", "orderId": "b", "sequenceNumber": "2", "detailType": "OrderModified", "result": "unavailable"},
			{"level": "DEBUG", "msg": "event sent", "orderId": "c", "sequenceNumber": "3", "detailType": "OrderDeleted", "result": "accepted"},
		},
		slog.LevelInfo: {},
	} {
		update := tableUpdate(&b, nil)
		var lines func(*testing.T) []map[string]any
		update.Log, lines = logTo(level)
		_, err := update.Invoke(t.Context(), records)
		require.NoError(t, err)
		got := lines(t)
		require.Equal(t, want, got[:len(got)-1], "followed by the line of the failed batch, at every level")
		require.Equal(t, "ERROR", got[len(got)-1]["level"])
	}
}

func TestEveryReadIsLoggedAtDebug(t *testing.T) {
	s := newShop()
	o := s.stored(t)
	events := [][]byte{proxyEvent("GET", "/orders/{orderId}", o.UserID, path(o.OrderID)), proxyEvent("GET", "/orders", o.UserID)}
	for level, want := range map[slog.Level][]map[string]any{
		slog.LevelDebug: {
			{"level": "DEBUG", "msg": "request completed", "resource": "/orders/{orderId}", "orderId": o.OrderID},
			{"level": "DEBUG", "msg": "request completed", "resource": "/orders"},
		},
		slog.LevelInfo: nil,
	} {
		var lines func(*testing.T) []map[string]any
		s.log, lines = logTo(level)
		for _, event := range events {
			require.Equal(t, 200, invoke(t, getOrder(s), event).status)
		}
		require.Equal(t, want, lines(t))
	}
}
