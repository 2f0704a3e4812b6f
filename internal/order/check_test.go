package order_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func rejected(message string) error {
	return &order.Error{Kind: order.Rejected, Message: message, Err: errors.New("cause for operators")}
}

func checkFailed(message string) error {
	return &order.Error{Kind: order.CheckFailed, Message: message, Err: errors.New("cause for operators")}
}

var errUnexpected = errors.New("an error that no checker should return")

func TestAllMessagesAreReportedInTheOrderOfTheCheckers(t *testing.T) {
	for name, c := range map[string]struct {
		results []error
		kind    order.Kind
		details []string
	}{
		"one rejects":                          {[]error{nil, rejected("no"), nil}, order.Rejected, []string{"no"}},
		"all reject":                           {[]error{rejected("c"), rejected("a"), rejected("b")}, order.Rejected, []string{"c", "a", "b"}},
		"one fails":                            {[]error{nil, checkFailed("timed out")}, order.CheckFailed, []string{"timed out"}},
		"a rejection before a failure":         {[]error{rejected("no"), checkFailed("timed out")}, order.Rejected, []string{"no", "timed out"}},
		"a rejection after a failure":          {[]error{checkFailed("timed out"), nil, rejected("no")}, order.Rejected, []string{"timed out", "no"}},
		"an unexpected error":                  {[]error{errUnexpected, nil}, order.CheckFailed, []string{"A check failed"}},
		"an unexpected error, and a rejection": {[]error{errUnexpected, rejected("no")}, order.Rejected, []string{"A check failed", "no"}},
		"a rejection within another error":     {[]error{errors.Join(rejected("no"), errUnexpected)}, order.Rejected, []string{"no"}},
		"an error of a kind of the stores":     {[]error{order.StoreError(errUnexpected)}, order.CheckFailed, []string{"Service unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			var checkers []*fakeChecker
			for _, err := range c.results {
				checkers = append(checkers, returning(err))
			}
			s := newTestService(checkers...)
			_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
			failed, ok := errors.AsType[*order.Error](err)
			require.True(t, ok)
			require.Equal(t, c.kind, failed.Kind)
			require.Equal(t, "Validation errors", failed.Message)
			require.Equal(t, c.details, failed.Details)
			for _, cause := range c.results {
				if kind := order.KindOf(cause); kind == order.Rejected {
					require.NotErrorIs(t, err, cause, "a rejection is for the caller, whose words it may repeat")
				} else if cause != nil {
					require.ErrorIs(t, err, cause, "operators see why a check failed")
				}
			}
			require.Empty(t, s.writes(t))
		})
	}
}

func TestMessagesDoNotDependOnTheSpeedOfTheCheckers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(d time.Duration, err error) *fakeChecker {
			return &fakeChecker{result: func(context.Context) error { time.Sleep(d); return err }}
		}
		s := newTestService(after(3*time.Second, rejected("slow")), after(0, rejected("fast")), after(time.Second, checkFailed("middling")))
		_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
		failed, ok := errors.AsType[*order.Error](err)
		require.True(t, ok)
		require.Equal(t, []string{"slow", "fast", "middling"}, failed.Details)
	})
}

func TestChecksRunConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meeting := make(chan struct{})
		first := &fakeChecker{result: func(ctx context.Context) error {
			select {
			case meeting <- struct{}{}:
				return nil
			case <-ctx.Done():
				return checkFailed("the other never came")
			}
		}}
		second := &fakeChecker{result: func(ctx context.Context) error {
			select {
			case <-meeting:
				return nil
			case <-ctx.Done():
				return checkFailed("the other never came")
			}
		}}
		s := newTestService(first, second)
		_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
		require.NoError(t, err)
	})
}

func TestTheTimeOfTheChecks(t *testing.T) {
	const none = 0
	for name, c := range map[string]struct {
		deadline time.Duration // of the create's context
		checks   time.Duration // what a checker that never returns gets
	}{
		"8 s without a deadline":                {none, 8 * time.Second},
		"8 s with one far away":                 {15 * time.Second, 8 * time.Second},
		"8 s with one that just leaves it":      {9 * time.Second, 8 * time.Second},
		"1 s is left for the write":             {3 * time.Second, 2 * time.Second},
		"nothing if even the write has no time": {900 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hanging := &fakeChecker{result: func(ctx context.Context) error { <-ctx.Done(); return checkFailed("timed out") }}
				s := newTestService(hanging, returning(nil))
				ctx := t.Context()
				if c.deadline != none {
					limited, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = limited
				}
				start := time.Now()
				_, _, err := s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
				require.Equal(t, order.CheckFailed, order.KindOf(err), "there was time to look into the store")
				require.Equal(t, c.checks, time.Since(start))
				require.Zero(t, hanging.running, "no check outlives the create")
			})
		})
	}
}

func TestAHangingCheckLeavesTimeToFindTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeChecker{}
		s := newTestService(n)
		o := ordertest.Sample()
		stored, _, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
		require.NoError(t, err)
		n.result = func(ctx context.Context) error { <-ctx.Done(); return checkFailed("timed out") }
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		again, replayed, err := s.Create(ctx, o.UserID, requestFor(t, o))
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, stored, withoutDocument(again))
	})
}

func TestACreateEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestService(&fakeChecker{result: func(ctx context.Context) error { <-ctx.Done(); return checkFailed("timed out") }})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, _, err := s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(start))

		s = newTestService()
		s.faults[memory.OpCreate] = memory.Hang
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.Empty(t, s.writes(t))
	})
}
