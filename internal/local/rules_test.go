package local

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
)

// kinds is every kind of event that rules let through, "source detail-type", with the names of the rules that do.
func kinds(rules []eventbridge.Rule) map[string][]string {
	found := map[string][]string{}
	for _, rule := range rules {
		for _, source := range rule.Pattern.Source {
			for _, detailType := range rule.Pattern.DetailType {
				kind := source + " " + detailType
				found[kind] = append(found[kind], rule.Name)
			}
		}
	}
	return found
}

func TestOnEventsHearsOfExactlyTheEventsThatOrdersFollow(t *testing.T) {
	want := map[string][]string{}
	for _, followed := range handler.FulfilmentEvents() {
		want[followed.Source+" "+followed.DetailType] = []string{"on-events"}
	}
	rules := onEventsRules(nil)
	require.Equal(t, want, kinds(rules))
	require.Len(t, rules, 2, "one rule for each source")
}

func TestEveryRuleOfOnEventsReachesIt(t *testing.T) {
	var got []string
	for _, rule := range onEventsRules(func(_ context.Context, event []byte) error { got = append(got, string(event)); return nil }) {
		require.NoError(t, rule.Target(t.Context(), []byte("event")))
	}
	require.Equal(t, []string{"event", "event"}, got)
}

func TestTheStandInsHearOfWhatTheyPackAndDeliver(t *testing.T) {
	require.Equal(t, map[string][]string{
		"ecommerce.orders OrderCreated":      {"warehouse"},
		"ecommerce.warehouse PackageCreated": {"delivery"},
	}, kinds(fulfilmentRules(fakepeers.NewFulfilment(nil))))
}
