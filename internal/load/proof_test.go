package load

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proveFake sends all requests to a fake service, one after the other, and compares it with its
// responses.
func proveFake(t *testing.T, f flaw) *proof {
	t.Helper()
	c, requests := startFake(t, f)
	responses := make([]response, len(requests))
	for i, request := range requests {
		responses[i] = c.create(t.Context(), request, time.Now())
	}
	settle := time.Minute // most end by themselves, much sooner
	if f == unavailableForEver {
		settle = 300 * time.Millisecond
	}
	p := &prover{client: c, requests: requests, responses: responses, settle: settle, quiet: time.Millisecond}
	found, err := p.prove(t.Context())
	require.NoError(t, err)
	return found
}

func TestACorrectServicePasses(t *testing.T) {
	for f, want := range map[flaw]proof{
		noFlaw:          {tokens: 7, stored: 7},
		publishesTwice:  {tokens: 7, stored: 7, twice: 1},
		unavailableOnce: {tokens: 7, stored: 7, retried: 1},
		storesAndResets: {tokens: 7, stored: 7, retried: 1},
		resetsOnly:      {tokens: 7, stored: 7, retried: 1},
	} {
		t.Run(string(f), func(t *testing.T) {
			found := proveFake(t, f)
			require.Equal(t, &want, found)
			require.NoError(t, found.err())
		})
	}
}

func TestEveryFlawIsFound(t *testing.T) {
	for f, want := range map[flaw]struct {
		lost       int
		violations []string
	}{
		losesOrder:         {2, []string{"is in no list", "6 orders for 7 payment tokens", "cannot be read: 404 Order not found"}},
		cannotRead:         {1, []string{"cannot be read: 404 Order not found"}},
		doublesOrder:       {0, []string{"is stored, and was never returned", "8 orders for 7 payment tokens"}},
		listsTwice:         {0, []string{"is listed twice", "8 orders for 7 payment tokens"}},
		changesOrder:       {1, []string{"differs from the order that was returned"}},
		publishesNone:      {7, []string{"is not published"}},
		publishesGhost:     {0, []string{"order ghost is published, and was never returned"}},
		mixesUp:            {6, []string{"got the same order", "is stored, and was never returned", "differs from the order", "is published, and was never returned"}},
		unavailableForEver: {0, []string{"cannot be retried: 503 Service unavailable: Failure to contact the users service", "0 orders for 7 payment tokens"}},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			found := proveFake(t, f)
			require.Error(t, found.err())
			require.Equal(t, want.lost, found.lost)
			for _, violation := range want.violations {
				require.Condition(t, func() bool { return anyContains(found.violations, violation) }, "%q in %q", violation, found.violations)
			}
		})
	}
}

func TestTheLastResponseIsReportedIfARetryIsCutOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does net/http notice that the client has gone
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	c := newClient(server.URL)
	defer c.close()
	p := &prover{
		client: c, requests: make([]orderRequest, 1), responses: []response{{verdict: unavailable, problem: "503"}},
		settle: time.Minute,
	}
	p.retryAll(ctx)
	require.Equal(t, []string{"request 0 cannot be retried: 503"}, p.proof.violations)
}

func TestAServiceThatCannotBeReachedIsAnError(t *testing.T) {
	c, requests := startFake(t, noFlaw)
	c.url = "http://127.0.0.1:1"
	p := &prover{client: c, requests: requests, responses: make([]response, len(requests)), settle: time.Millisecond}
	_, err := p.prove(t.Context())
	require.ErrorContains(t, err, "GET /orders")
}

func TestAllViolationsAreCountedAndSomeReported(t *testing.T) {
	var p proof
	for range 1000 {
		p.add("the same")
	}
	require.Len(t, p.violations, maxViolations)
	require.EqualError(t, p.err(), "1000 violations, the first: the same")
}
