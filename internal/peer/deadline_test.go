package peer

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACheckEndsAtTheFirstOfItsDeadlines(t *testing.T) {
	hanging := transportFunc(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	tests := map[string]struct{ timeout, callers, want time.Duration }{
		"its own":                  {timeout: 300 * time.Millisecond, callers: time.Second, want: 300 * time.Millisecond},
		"the caller's":             {timeout: 3 * time.Second, callers: time.Second, want: time.Second},
		"the caller's, by default": {callers: time.Second, want: time.Second},
		"its own, by default":      {callers: time.Hour, want: 4 * time.Second},
	}
	for name, test := range tests {
		for _, s := range subjects() {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), test.callers)
					defer cancel()
					start := time.Now()
					err := s.make("http://peer.example", Calls{Transport: hanging, Timeout: test.timeout}).Check(ctx, anOrder())
					require.Equal(t, test.want, time.Since(start))
					requireUnchecked(t, err, s)
					require.ErrorIs(t, err, context.DeadlineExceeded)
				})
			})
		}
	}
}

func TestACallerWhoHasGoneIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range subjects() {
		server := serve(t, answering(200, s.yes))
		err := s.make(server.URL, callsFor(t, patience)).Check(ctx, anOrder())
		requireUnchecked(t, err, s)
		require.ErrorIs(t, err, context.Canceled)
	}
}
