package load

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

// customers is how many users share the orders of a run.
const customers = 20

// A customer is a user who has signed in.
type customer struct{ userID, bearer string }

// A basket is one order that is to be asked for. All of it is made before the clock starts.
type basket struct {
	customer customer
	body     []byte
	wanted   order.Request // what the body says
}

// signInAll makes customers of new users.
func signInAll(ctx context.Context, s *shopper) ([]customer, error) {
	all := make([]customer, customers)
	for i := range all {
		var err error
		if all[i], err = signIn(ctx, s, uuid.NewString()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func signIn(ctx context.Context, s *shopper, userID string) (customer, error) {
	token, err := s.fetch(ctx, customer{}, "/_local/token?sub="+userID)
	return customer{userID, string(token)}, err
}

// fillBaskets makes sample orders that the neighbours agree to, each with a payment token of its own, for the
// customers in turn.
func fillBaskets(n *neighbours, all []customer, count int) ([]basket, error) {
	baskets := make([]basket, count)
	for i := range baskets {
		body, err := json.Marshal(fakepeers.NewSampleOrder(n.catalogue, n.payment))
		if err != nil {
			return nil, err
		}
		wanted, err := order.ParseRequest(body)
		if err != nil {
			return nil, fmt.Errorf("a sample order is wrong: %w", err)
		}
		baskets[i] = basket{all[i%len(all)], body, wanted}
	}
	return baskets, nil
}
