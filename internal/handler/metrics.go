package handler

import "context"

// The metrics that dashboards and alarms know (contract, section 9). All are counts.
const (
	MetricOrderCreated      = "orderCreated"      // orders stored for the first time
	MetricOrderCreatedTotal = "orderCreatedTotal" // their totals, in minor units
	MetricOrderPackaged     = "orderPackaged"
	MetricOrderFulfilled    = "orderFulfilled"
	MetricOrderFailed       = "orderFailed"      // packaging or delivery failed
	MetricOrderUnavailable  = "orderUnavailable" // requests for orders that were in vain since a neighbour or the table failed
)

// Metrics takes what operators watch. It must be safe for concurrent use.
type Metrics interface {
	// Count adds counts, by the names of their metrics, for what happened to one order.
	Count(ctx context.Context, orderID string, counts map[string]int64)
}
