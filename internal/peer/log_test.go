package peer

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestEveryCheckIsToldAtDebug(t *testing.T) {
	for name, test := range map[string]struct {
		does step
		line map[string]any
	}{
		"a yes":      {yes(20 * time.Millisecond), map[string]any{"outcome": "agreed", "milliseconds": 20.0}},
		"a no":       {no(30 * time.Millisecond), map[string]any{"outcome": "rejected", "milliseconds": 30.0}},
		"no verdict": {answers(40*time.Millisecond, 404), map[string]any{"outcome": "check_failed", "milliseconds": 40.0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var text bytes.Buffer
				calls := Calls{Transport: play(test.does), Log: slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))}
				_ = NewUsers("http://u.example", calls).Check(order.ContextWithOrderID(t.Context(), "o-1"), anOrder())

				var line map[string]any
				require.NoError(t, json.Unmarshal(text.Bytes(), &line))
				delete(line, "time")
				want := map[string]any{"level": "DEBUG", "msg": "check ended", "peer": "users", "orderId": "o-1"}
				maps.Copy(want, test.line)
				require.Equal(t, want, line)
			})
		})
	}
}

func TestNoCheckIsToldAtInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		calls := Calls{Transport: play(yes(0), no(0)), Log: slog.New(slog.NewJSONHandler(&text, nil))}
		users := NewUsers("http://u.example", calls)
		require.NoError(t, users.Check(t.Context(), anOrder()))
		require.Error(t, users.Check(t.Context(), anOrder()))
		require.Empty(t, text.String())
	})
}
