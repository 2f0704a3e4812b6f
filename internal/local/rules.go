package local

import (
	"context"

	"orders/internal/handler"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

// onEventsRules let through what on-events handles: one rule for each source.
func onEventsRules(target func(ctx context.Context, event []byte) error) []eventbridge.Rule {
	var rules []eventbridge.Rule
	of := map[string]int{} // where a source's rule is
	for _, followed := range handler.FulfilmentEvents() {
		i, ok := of[followed.Source]
		if !ok {
			i = len(rules)
			of[followed.Source] = i
			rules = append(rules, eventbridge.Rule{Name: "on-events", Pattern: eventbridge.Pattern{Source: []string{followed.Source}}, Target: target})
		}
		rules[i].Pattern.DetailType = append(rules[i].Pattern.DetailType, followed.DetailType)
	}
	return rules
}

// fulfilmentRules let the stand-ins hear of what they are to pack and deliver.
func fulfilmentRules(f *fakepeers.Fulfilment) []eventbridge.Rule {
	return []eventbridge.Rule{
		{Name: "warehouse", Target: f.Warehouse,
			Pattern: eventbridge.Pattern{Source: []string{"ecommerce.orders"}, DetailType: []string{string(order.OrderCreated)}}},
		{Name: "delivery", Target: f.Delivery,
			Pattern: eventbridge.Pattern{Source: []string{"ecommerce.warehouse"}, DetailType: []string{"PackageCreated"}}},
	}
}
