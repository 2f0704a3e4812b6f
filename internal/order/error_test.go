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
	rejection := &order.Error{Kind: order.Rejected, Message: "no"}
	for name, c := range map[string]struct {
		err  error
		kind order.Kind
	}{
		"no error":                     {nil, ""},
		"invalid":                      {&order.Error{Kind: order.Invalid}, order.Invalid},
		"too large":                    {&order.Error{Kind: order.TooLarge}, order.TooLarge},
		"rejected":                     {rejection, order.Rejected},
		"unauthorized":                 {&order.Error{Kind: order.Unauthorized}, order.Unauthorized},
		"token used":                   {&order.Error{Kind: order.TokenUsed}, order.TokenUsed},
		"not found":                    {order.ErrNotFound, order.NotFound},
		"check failed":                 {&order.Error{Kind: order.CheckFailed}, order.CheckFailed},
		"a store's":                    {order.StoreError(errUnexpected), order.Unavailable},
		"permanent":                    {&order.Error{Kind: order.Permanent}, order.Permanent},
		"wrapped":                      {fmt.Errorf("create: %w", rejection), order.Rejected},
		"the first of two":             {errors.Join(errUnexpected, rejection, order.ErrNotFound), order.Rejected},
		"the outer of two":             {&order.Error{Kind: order.Permanent, Err: order.ErrNotFound}, order.Permanent},
		"unexpected":                   {errUnexpected, order.Unavailable},
		"an ended context":             {context.DeadlineExceeded, order.Unavailable},
		"a store's around a rejection": {order.StoreError(rejection), order.Unavailable},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.kind, order.KindOf(c.err)) })
	}
}

func TestErrorTextHasTheCauseAndNotTheDetails(t *testing.T) {
	err := &order.Error{Kind: order.CheckFailed, Message: "Validation errors", Details: []string{"s3cret"}}
	require.EqualError(t, err, "Validation errors")
	err.Err = errUnexpected
	require.EqualError(t, err, "Validation errors: "+errUnexpected.Error())
	require.ErrorIs(t, err, errUnexpected)
}

func TestStoreErrorHidesItsCauseFromCallers(t *testing.T) {
	err := order.StoreError(errUnexpected)
	require.ErrorIs(t, err, errUnexpected)
	require.Equal(t, "Service unavailable", err.Message)
	require.NotContains(t, fmt.Sprint(err.Message, err.Details), errUnexpected.Error())
}

func TestNotFoundIsASentinel(t *testing.T) {
	require.ErrorIs(t, fmt.Errorf("get: %w", order.ErrNotFound), order.ErrNotFound)
}
