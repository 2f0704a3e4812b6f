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

// proveFake asks a fake service for all baskets, one after the other, and holds it to its answers.
func proveFake(t *testing.T, l lie) *proof {
	t.Helper()
	s, baskets := startFake(t, l)
	outcomes := make([]outcome, len(baskets))
	for i, b := range baskets {
		outcomes[i] = s.ask(t.Context(), b, time.Now())
	}
	settle := time.Minute // most end by themselves, much sooner
	if l == refusesForEver {
		settle = 300 * time.Millisecond
	}
	p := &prover{shopper: s, baskets: baskets, outcomes: outcomes, settle: settle, quiet: time.Millisecond}
	found, err := p.prove(t.Context())
	require.NoError(t, err)
	return found
}

func TestAnHonestServiceIsBelieved(t *testing.T) {
	for l, want := range map[lie]proof{
		honest:            {tokens: 7, stored: 7},
		announcesTwice:    {tokens: 7, stored: 7, twice: 1},
		refusesOnce:       {tokens: 7, stored: 7, askedAgain: 1},
		storesAndHangsUp:  {tokens: 7, stored: 7, askedAgain: 1},
		hangsUpAndForgets: {tokens: 7, stored: 7, askedAgain: 1},
	} {
		t.Run(string(l), func(t *testing.T) {
			found := proveFake(t, l)
			require.Equal(t, &want, found)
			require.NoError(t, found.err())
		})
	}
}

func TestALyingServiceIsCaught(t *testing.T) {
	for l, want := range map[lie]struct {
		lost   int
		faults []string
	}{
		loses:          {2, []string{"is in no list", "6 orders for 7 payment tokens", "cannot be read: 404 Order not found"}},
		forgets:        {1, []string{"cannot be read: 404 Order not found"}},
		doubles:        {0, []string{"is stored, and was never answered", "8 orders for 7 payment tokens"}},
		repeatsItself:  {0, []string{"is listed twice", "8 orders for 7 payment tokens"}},
		changesItsMind: {1, []string{"is read otherwise than it was answered"}},
		announcesNone:  {7, []string{"is not announced"}},
		announcesGhost: {0, []string{"order ghost is announced, and was never answered"}},
		mixesUp:        {6, []string{"were answered with one order", "is stored, and was never answered", "is read otherwise", "is announced, and was never answered"}},
		refusesForEver: {0, []string{"cannot be asked again: 503 Service unavailable: Failure to contact the users service", "0 orders for 7 payment tokens"}},
	} {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			found := proveFake(t, l)
			require.Error(t, found.err())
			require.Equal(t, want.lost, found.lost)
			for _, fault := range want.faults {
				require.Condition(t, func() bool { return anyContains(found.faults, fault) }, "%q in %q", fault, found.faults)
			}
		})
	}
}

func TestTheLastAnswerIsToldThoughTheTimeWasUpDuringAnother(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is the client's leaving noticed
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	s := newShopper(server.URL)
	defer s.close()
	p := &prover{shopper: s, baskets: make([]basket, 1), outcomes: []outcome{{kind: refused, problem: "503"}}, settle: time.Minute}
	p.askAgain(ctx)
	require.Equal(t, []string{"request 0 cannot be asked again: 503"}, p.proof.faults)
}

func TestAServiceThatCannotBeAskedIsAnError(t *testing.T) {
	s, baskets := startFake(t, honest)
	s.url = "http://127.0.0.1:1"
	p := &prover{shopper: s, baskets: baskets, outcomes: make([]outcome, len(baskets)), settle: time.Millisecond}
	_, err := p.prove(t.Context())
	require.ErrorContains(t, err, "GET /orders")
}

func TestFaultsAreCountedAllAndToldInPart(t *testing.T) {
	var p proof
	for range 1000 {
		p.fault("the same")
	}
	require.Len(t, p.faults, maxFaults)
	require.EqualError(t, p.err(), "1000 faults, the first: the same")
}
