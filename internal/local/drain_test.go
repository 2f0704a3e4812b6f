package local

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// post sends a request through a handler.
func post(h http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/orders", nil))
	return w
}

func TestDrainWaitsForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrain()
		h := d.track(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			w.WriteHeader(http.StatusCreated)
		}))
		response := make(chan *httptest.ResponseRecorder, 1)
		go func() { response <- post(h) }()
		synctest.Wait()

		start := time.Now()
		require.NoError(t, d.close(t.Context()))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, http.StatusCreated, (<-response).Code)
	})
}

func TestClosedDrainRejectsRequests(t *testing.T) {
	d := newDrain()
	h := d.track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("not rejected") }))
	require.NoError(t, d.close(t.Context()))
	require.NoError(t, d.close(t.Context()), "closed twice")
	w := post(h)
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"message":"Service unavailable"}`, w.Body.String())
	require.Equal(t, "close", w.Header().Get("Connection"))
}

func TestDrainStopsWaitingWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrain()
		proceed := make(chan struct{})
		h := d.track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-proceed }))
		go post(h)
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := d.close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "requests in flight were canceled")
		require.Equal(t, time.Second, time.Since(start))
		close(proceed)
		require.NoError(t, d.close(t.Context()))
	})
}

func TestRequestsContinueWhenTheirClientsDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrain()
		ended := make(chan struct{})
		h := d.track(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(ended)
		}))
		ctx, disconnect := context.WithCancel(t.Context())
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/orders", nil))
		disconnect()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("ended with its client")
		default:
		}
		d.cancel()
		<-ended
		require.NoError(t, d.close(t.Context()))
	})
}

func TestPanicsAreNotInFlight(t *testing.T) {
	d := newDrain()
	h := d.track(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	require.Panics(t, func() { post(h) })
	require.NoError(t, d.close(t.Context()))
}
