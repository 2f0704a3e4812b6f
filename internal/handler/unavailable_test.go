package handler_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// bothEvents are the two that create-order takes, for the same request.
func bothEvents(user string, body []byte) map[string][]byte {
	return map[string][]byte{"API Gateway": post(user, body), "direct": []byte(directEvent(user, body))}
}

// bareStore fails with an error of which nobody has said what it is.
type bareStore struct{ order.Store }

func (bareStore) Create(context.Context, order.Order) (*order.Order, error) {
	return nil, errors.New("nobody foresaw this")
}

func TestOrdersThatCouldNotBeTakenAreCounted(t *testing.T) {
	for name, spoil := range map[string]func(*shop){
		"a check that could not be made": func(s *shop) { s.checker.says = refusal(order.CheckFailed, "Failure to contact the users service") },
		"a check that fails plainly":     func(s *shop) { s.checker.says = errors.New("nobody foresaw this") },
		"a table that cannot be written": func(s *shop) { s.failing() },
		"a store that fails plainly":     func(s *shop) { s.orders.Store = bareStore{s.store} },
		"a table that cannot tell whether the order is there": func(s *shop) {
			s.checker.says = refusal(order.Rejected, "Wrong payment token")
			s.failing()
		},
	} {
		for kind, event := range bothEvents("u", ordertest.Request(ordertest.Sample())) {
			t.Run(name+", "+kind, func(t *testing.T) {
				s := newShop()
				spoil(s)
				_, err := createOrder(s).Invoke(t.Context(), event)
				require.NoError(t, err, "Lambda counts no error")
				require.Equal(t, map[string]int64{"orderUnavailable": 1}, s.counter.counts)
			})
		}
	}
}

func TestWhatTheCallerCausesIsNotCountedAsUnavailable(t *testing.T) {
	good := string(ordertest.Request(ordertest.Sample()))
	for name, c := range map[string]struct {
		body string
		says error
	}{
		"wrong shape":     {strings.Replace(good, `"quantity":2`, `"quantity":-2`, 1), nil},
		"too large":       {`"` + strings.Repeat("x", 128<<10) + `"`, nil},
		"wrong total":     {strings.Replace(good, "{", `{"total":1,`, 1), nil},
		"a check says no": {good, refusal(order.Rejected, "Wrong payment token")},
	} {
		for kind, event := range bothEvents("u", []byte(c.body)) {
			t.Run(name+", "+kind, func(t *testing.T) {
				s := newShop()
				s.checker.says = c.says
				_, err := createOrder(s).Invoke(t.Context(), event)
				require.NoError(t, err)
				require.Empty(t, s.counter.counts)
			})
		}
	}
}

func TestRepeatsAndSpentTokensAreNotCountedAsUnavailable(t *testing.T) {
	s, body := newShop(), ordertest.Request(ordertest.Sample())
	for _, user := range []string{"owner", "owner", "thief"} {
		for _, event := range bothEvents(user, body) {
			_, err := createOrder(s).Invoke(t.Context(), event)
			require.NoError(t, err)
		}
	}
	s.checker.says = refusal(order.CheckFailed, "Failure to contact the users service")
	for _, event := range bothEvents("owner", body) { // the order is there: no neighbour is needed
		_, err := createOrder(s).Invoke(t.Context(), event)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, s.counter.counts["orderCreated"])
	require.NotContains(t, s.counter.counts, "orderUnavailable")
}
