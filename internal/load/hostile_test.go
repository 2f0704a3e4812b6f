package load

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A service that accepts a hostile request, or resets the connection, is reported.
func TestHostileRequestsThatAreNotRejectedAreReported(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_local/token" {
			_, _ = w.Write([]byte("token"))
			return
		}
		switch requests.Add(1) {
		case 3:
			w.WriteHeader(http.StatusCreated)
		case 4:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusBadRequest) // as the first six of the corpus deserve
		}
	}))
	defer server.Close()
	c := newClient(server.URL)
	defer c.close()

	r := run{scenario: scenario{hostile: 0.5}, rate: 12, length: time.Second}
	g, err := newHostileGenerator(t.Context(), c, &r)
	require.NoError(t, err)
	require.Greater(t, len(g.requests), 500)
	r.hostile = g.run(t.Context(), time.Now())
	g.close()
	require.Len(t, r.hostile, 6)
	require.Equal(t, 4, count(r.hostile, rejected), r.problems())
	require.Equal(t, 2, r.invalid())
	require.Len(t, r.problems(), 2)
	for problem := range r.problems() {
		require.Regexp(t, `^(201 instead of 400|no response) to the hostile request "schema: `, problem)
	}
	require.Equal(t, "missed: invalid responses", row{runs: []*run{&r}}.barResult())
	require.Len(t, r.hostileLatencies(), 6, "every response counts")
}

func TestNothingIsHostileUnlessTheScenarioSaysSo(t *testing.T) {
	g, err := newHostileGenerator(t.Context(), nil, &run{rate: 200, length: time.Minute})
	require.NoError(t, err)
	require.Empty(t, g.run(t.Context(), time.Now()))
}
