package order_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestKinds(t *testing.T) {
	refusal := &order.Error{Kind: order.Rejected, Message: "no"}
	for name, c := range map[string]struct {
		err  error
		kind order.Kind
	}{
		"no error":                         {nil, ""},
		"invalid":                          {&order.Error{Kind: order.Invalid}, order.Invalid},
		"too large":                        {&order.Error{Kind: order.TooLarge}, order.TooLarge},
		"refused":                          {refusal, order.Rejected},
		"unauthorized":                     {&order.Error{Kind: order.Unauthorized}, order.Unauthorized},
		"token used":                       {&order.Error{Kind: order.TokenUsed}, order.TokenUsed},
		"not found":                        {order.ErrNotFound, order.NotFound},
		"unchecked":                        {&order.Error{Kind: order.CheckFailed}, order.CheckFailed},
		"a store's":                        {order.StoreError(errForeign), order.Unavailable},
		"unsendable":                       {&order.Error{Kind: order.Permanent}, order.Permanent},
		"wrapped":                          {fmt.Errorf("create: %w", refusal), order.Rejected},
		"the first of two":                 {errors.Join(errForeign, refusal, order.ErrNotFound), order.Rejected},
		"the outer of two":                 {&order.Error{Kind: order.Permanent, Err: order.ErrNotFound}, order.Permanent},
		"what nobody foresaw":              {errForeign, order.Unavailable},
		"a context's end":                  {context.DeadlineExceeded, order.Unavailable},
		"a store's error around a refusal": {order.StoreError(refusal), order.Unavailable},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.kind, order.KindOf(c.err)) })
	}
}

func TestAnErrorTellsOperatorsTheCauseAndNotTheCallersWords(t *testing.T) {
	err := &order.Error{Kind: order.CheckFailed, Message: "Validation errors", Details: []string{"s3cret"}}
	require.EqualError(t, err, "Validation errors")
	err.Err = errForeign
	require.EqualError(t, err, "Validation errors: "+errForeign.Error())
	require.ErrorIs(t, err, errForeign)
}

func TestAStoresErrorTellsCallersNothingOfTheCause(t *testing.T) {
	err := order.StoreError(errForeign)
	require.ErrorIs(t, err, errForeign)
	require.Equal(t, "Service unavailable", err.Message)
	require.NotContains(t, fmt.Sprint(err.Message, err.Details), errForeign.Error())
}

func TestNotFoundIsKnownAgain(t *testing.T) {
	require.ErrorIs(t, fmt.Errorf("get: %w", order.ErrNotFound), order.ErrNotFound)
}
