package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// echo answers what it is asked.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })

// met asks a neighbour once, with the number that chance gives it.
func met(ctx context.Context, f *faulty, number float64) (answer *httptest.ResponseRecorder, took time.Duration) {
	f.next, f.marks, f.random = echo, &marks{}, func() float64 { return number }
	began := time.Now()
	answer = httptest.NewRecorder()
	f.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader("question")))
	return answer, time.Since(began)
}

func TestChancePicksFaults(t *testing.T) {
	o := odds{stall: 0.02, failure: 0.05, reset: 0.01}
	for number, want := range map[float64]fault{0: stall, 0.0199: stall, 0.0201: failure, 0.0699: failure, 0.0701: reset, 0.0799: reset, 0.0801: none, 0.999: none} {
		require.Equal(t, want, o.pick(number), number)
	}
	require.Equal(t, none, odds{}.pick(0))
}

func TestWhatAFaultyNeighbourDoes(t *testing.T) {
	all := odds{stall: 0.1, failure: 0.1}
	for name, test := range map[string]struct {
		number float64
		status int
		took   time.Duration
		marked []fault
	}{
		"nothing":   {0.9, 200, answerTime, nil},
		"stalls":    {0.05, 200, stallTime, []fault{stall}},
		"a failure": {0.15, 500, answerTime, []fault{failure}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &faulty{name: "users", odds: all}
				answer, took := met(t.Context(), f, test.number)
				require.Equal(t, test.status, answer.Code)
				require.Equal(t, test.took, took)
				if test.status == 200 {
					require.Equal(t, "question", answer.Body.String())
				}
				var marked []fault
				for _, m := range f.marks.list() {
					require.Equal(t, "users", m.where)
					marked = append(marked, m.fault)
				}
				require.Equal(t, test.marked, marked)
			})
		})
	}
}

func TestANeighbourThatIsDownAnswersNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		f := &faulty{}
		f.down.Store(true)
		answer, took := met(ctx, f, 0.9)
		require.Equal(t, time.Hour, took, "until the client goes")
		require.Empty(t, answer.Body.String())
		require.Len(t, f.marks.list(), 1)
	})
}

func TestAClientThatGoesIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, took := met(ctx, &faulty{odds: odds{stall: 1}}, 0)
		require.Equal(t, time.Second, took)
	})
}

func TestNothingGoesWrongWithAHealedNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{odds: odds{stall: 1}}
		f.down.Store(true)
		f.healed.Store(true)
		answer, took := met(t.Context(), f, 0)
		require.Equal(t, answerTime, took)
		require.Equal(t, "question", answer.Body.String())
		require.Empty(t, f.marks.list())
	})
}

func TestAResetIsSeenAsOne(t *testing.T) {
	f := &faulty{next: echo, odds: odds{reset: 1}, marks: &marks{}}
	s, err := startServer(f)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	_, err = client.Post(s.url, "text/plain", strings.NewReader("question"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, s.close())
}

func TestAnOutageHasItsTime(t *testing.T) {
	n, err := startNeighbours(odds{}, &marks{})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.close()) }()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		go n.interrupt(t.Context(), start.Add(2*time.Second), start.Add(5*time.Second))
		for second := range 7 {
			synctest.Wait()
			require.Equal(t, second >= 2 && second < 5, n.peers[downPeer].down.Load(), second)
			time.Sleep(time.Second)
		}
	})
}

func TestNeighboursAnswerOnlyWhatIsSigned(t *testing.T) {
	n, err := startNeighbours(odds{}, &marks{})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.close()) }()
	require.Len(t, n.urls, 4)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for variable, url := range n.urls {
		answer, err := client.Post(url+"/backend/validate", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusForbidden, answer.StatusCode, variable)
	}
}
