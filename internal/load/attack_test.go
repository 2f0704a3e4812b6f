package load

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A service that lets a hostile request through, or breaks off, is told of.
func TestAnAttackTellsWhatIsNotRefused(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_local/token" {
			_, _ = w.Write([]byte("token"))
			return
		}
		switch asked.Add(1) {
		case 3:
			w.WriteHeader(http.StatusCreated)
		case 4:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusBadRequest) // as the first six of the corpus deserve
		}
	}))
	defer server.Close()
	s := newShopper(server.URL)
	defer s.close()

	a, err := prepareAttack(t.Context(), s, trial{scenario: scenario{hostile: 0.5}, rate: 12, length: time.Second})
	require.NoError(t, err)
	require.Greater(t, len(a.requests), 500)
	r := result{hostile: a.run(t.Context(), time.Now())}
	a.close()
	require.Len(t, r.hostile, 6)
	require.Equal(t, 4, count(r.hostile, refused), r.problems())
	require.Equal(t, 2, r.wrong())
	require.Len(t, r.problems(), 2)
	for problem := range r.problems() {
		require.Regexp(t, `^(201 instead of 400|no answer) to the hostile request "schema: `, problem)
	}
	require.Equal(t, "missed: wrong answers", row{runs: []*result{&r}}.verdict())
	require.Len(t, r.attacks(), 6, "a late answer counts, whatever it is")
}

func TestNothingIsHostileUnlessItIsToBe(t *testing.T) {
	a, err := prepareAttack(t.Context(), nil, trial{rate: 200, length: time.Minute})
	require.NoError(t, err)
	require.Empty(t, a.run(t.Context(), time.Now()))
}
