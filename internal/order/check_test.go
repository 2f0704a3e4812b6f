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

func refused(message string) error {
	return &order.Error{Kind: order.Rejected, Message: message, Err: errors.New("cause for operators")}
}

func unchecked(message string) error {
	return &order.Error{Kind: order.CheckFailed, Message: message, Err: errors.New("cause for operators")}
}

var errForeign = errors.New("something that no checker should answer")

func TestAllMessagesAreToldInTheOrderOfTheCheckers(t *testing.T) {
	for name, c := range map[string]struct {
		answers []error
		kind    order.Kind
		details []string
	}{
		"one says no":                      {[]error{nil, refused("no"), nil}, order.Rejected, []string{"no"}},
		"all say no":                       {[]error{refused("c"), refused("a"), refused("b")}, order.Rejected, []string{"c", "a", "b"}},
		"one cannot be asked":              {[]error{nil, unchecked("no answer")}, order.CheckFailed, []string{"no answer"}},
		"a no before one without answer":   {[]error{refused("no"), unchecked("no answer")}, order.Rejected, []string{"no", "no answer"}},
		"a no behind one without answer":   {[]error{unchecked("no answer"), nil, refused("no")}, order.Rejected, []string{"no answer", "no"}},
		"an error that nobody foresaw":     {[]error{errForeign, nil}, order.CheckFailed, []string{"A check could not be made"}},
		"one that nobody foresaw, and no":  {[]error{errForeign, refused("no")}, order.Rejected, []string{"A check could not be made", "no"}},
		"a refusal within another error":   {[]error{errors.Join(refused("no"), errForeign)}, order.Rejected, []string{"no"}},
		"an error of a kind of the stores": {[]error{order.StoreError(errForeign)}, order.CheckFailed, []string{"Service unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			var neighbours []*neighbour
			for _, err := range c.answers {
				neighbours = append(neighbours, saying(err))
			}
			s := newShop(neighbours...)
			_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
			failed, ok := errors.AsType[*order.Error](err)
			require.True(t, ok)
			require.Equal(t, c.kind, failed.Kind)
			require.Equal(t, "Validation errors", failed.Message)
			require.Equal(t, c.details, failed.Details)
			for _, cause := range c.answers {
				if kind := order.KindOf(cause); kind == order.Rejected {
					require.NotErrorIs(t, err, cause, "a refusal is for the caller, whose words it may repeat")
				} else if cause != nil {
					require.ErrorIs(t, err, cause, "operators see why a check could not be made")
				}
			}
			require.Empty(t, s.writes(t))
		})
	}
}

func TestTheMessagesDoNotFollowTheSpeedOfTheCheckers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(d time.Duration, err error) *neighbour {
			return &neighbour{says: func(context.Context) error { time.Sleep(d); return err }}
		}
		s := newShop(after(3*time.Second, refused("slow")), after(0, refused("fast")), after(time.Second, unchecked("middling")))
		_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
		failed, ok := errors.AsType[*order.Error](err)
		require.True(t, ok)
		require.Equal(t, []string{"slow", "fast", "middling"}, failed.Details)
	})
}

func TestAllCheckersAreAskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meeting := make(chan struct{})
		first := &neighbour{says: func(ctx context.Context) error {
			select {
			case meeting <- struct{}{}:
				return nil
			case <-ctx.Done():
				return unchecked("the other never came")
			}
		}}
		second := &neighbour{says: func(ctx context.Context) error {
			select {
			case <-meeting:
				return nil
			case <-ctx.Done():
				return unchecked("the other never came")
			}
		}}
		s := newShop(first, second)
		_, _, err := s.Create(t.Context(), "user", requestFor(t, ordertest.Sample()))
		require.NoError(t, err)
	})
}

func TestTheBudgetOfTheChecks(t *testing.T) {
	const none = 0
	for name, c := range map[string]struct {
		budget   order.Budget
		deadline time.Duration // of the create's context
		checks   time.Duration // what a checker that never answers gets
	}{
		"4 s without a deadline":                {order.Budget{}, none, 4 * time.Second},
		"4 s with one far away":                 {order.Budget{}, 10 * time.Second, 4 * time.Second},
		"4 s with one that just leaves it":      {order.Budget{}, 5 * time.Second, 4 * time.Second},
		"1 s is left for the write":             {order.Budget{}, 3 * time.Second, 2 * time.Second},
		"nothing if even the write has no time": {order.Budget{}, 900 * time.Millisecond, 0},
		"its own time for the checks":           {order.Budget{Checks: 700 * time.Millisecond}, 3 * time.Second, 700 * time.Millisecond},
		"its own time for the write":            {order.Budget{Write: 250 * time.Millisecond}, 3 * time.Second, 2750 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hanging := &neighbour{says: func(ctx context.Context) error { <-ctx.Done(); return unchecked("no answer") }}
				s := newShop(hanging, saying(nil))
				s.Budget = c.budget
				ctx := t.Context()
				if c.deadline != none {
					limited, cancel := context.WithTimeout(ctx, c.deadline)
					defer cancel()
					ctx = limited
				}
				start := time.Now()
				_, _, err := s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
				require.Equal(t, order.CheckFailed, order.KindOf(err), "the store could still be asked")
				require.Equal(t, c.checks, time.Since(start))
				require.Zero(t, hanging.busy, "no question outlives the create")
			})
		})
	}
}

func TestAfterAHangingCheckThereIsTimeToFindTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &neighbour{}
		s := newShop(n)
		o := ordertest.Sample()
		stored, _, err := s.Create(t.Context(), o.UserID, requestFor(t, o))
		require.NoError(t, err)
		n.says = func(ctx context.Context) error { <-ctx.Done(); return unchecked("no answer") }
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		again, replayed, err := s.Create(ctx, o.UserID, requestFor(t, o))
		require.NoError(t, err)
		require.True(t, replayed)
		require.Equal(t, stored, plain(again))
	})
}

func TestACreateEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(&neighbour{says: func(ctx context.Context) error { <-ctx.Done(); return unchecked("no answer") }})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, _, err := s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(start))

		s = newShop()
		s.faults[memory.OpCreate] = memory.Hang
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = s.Create(ctx, "user", requestFor(t, ordertest.Sample()))
		require.Equal(t, order.Unavailable, order.KindOf(err))
		require.Empty(t, s.writes(t))
	})
}
