package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestNewReturnsCheckersInTheOrderOfTheirMessages(t *testing.T) {
	names := func(urls URLs) (names []string) {
		for _, c := range New(urls, Options{}) {
			names = append(names, c.Peer())
		}
		return names
	}
	urls := URLs{Delivery: "http://d.example", Payment: "http://pay.example", Products: "http://prod.example", Users: "http://u.example"}
	require.Equal(t, []string{"delivery", "payment", "products", "users"}, names(urls))
	urls.Users = ""
	require.Equal(t, []string{"delivery", "payment", "products"}, names(urls))
}

func TestCheckEndsWithItsContext(t *testing.T) {
	hanging := transportFunc(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for _, s := range specs() {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				err := s.newCheck("http://peer.example", Options{Transport: hanging}).Check(within(t, 300*ms), sampleOrder())
				require.Equal(t, 300*ms, time.Since(start))
				requireFailed(t, err, s)
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		})
	}
}

func TestCanceledCheckSendsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range specs() {
		sent := transportFunc(func(*http.Request) (*http.Response, error) { panic("sent") })
		err := s.newCheck("http://peer.example", Options{Transport: sent}).Check(ctx, sampleOrder())
		requireFailed(t, err, s)
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestEveryCheckIsLoggedAtDebug(t *testing.T) {
	for want, test := range map[string]struct {
		reply        reply
		milliseconds float64
	}{
		"check accepted": {accept(20 * ms), 20},
		"check rejected": {reject(30 * ms), 30},
		"check failed":   {status(40*ms, 404), 40},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var text bytes.Buffer
				log := slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
				users := newCheck(usersContract(), "http://u.example", Options{Transport: newFakePeer(test.reply), Log: log})
				_ = users.Check(order.ContextWithOrderID(t.Context(), "o-1"), sampleOrder())
				var line map[string]any
				require.NoError(t, json.Unmarshal(text.Bytes(), &line))
				delete(line, slog.TimeKey)
				require.Equal(t, map[string]any{
					"level": "DEBUG", "msg": want, "peer": "users", "orderId": "o-1", "milliseconds": test.milliseconds,
				}, line)
			})
		})
	}
}

func TestNoCheckIsLoggedAtInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		options := Options{Transport: newFakePeer(accept(0), reject(0)), Log: slog.New(slog.NewJSONHandler(&text, nil))}
		users := newCheck(usersContract(), "http://u.example", options)
		require.NoError(t, users.Check(inTime(t), sampleOrder()))
		require.Error(t, users.Check(inTime(t), sampleOrder()))
		require.Empty(t, text.String())
	})
}
