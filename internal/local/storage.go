package local

import (
	"context"
	"log/slog"
	"net/http"

	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
	"orders/internal/order"
)

// tableName is the name of the table on this machine.
const tableName = "local-orders"

// A storage is where orders are stored, with the table's stream and the events of earlier runs.
type storage struct {
	name       string // for people
	orders     order.Store
	api        http.Handler                                                  // DynamoDB's API of the table
	streamARN  string                                                        // empty without DynamoDB
	readStream func(ctx context.Context, mapping lambda.StreamMapping) error // until ctx ends; mapping is that of every shard
	events     []eventbridge.Event                                           // of earlier runs
	journal    eventbridge.Journal                                           // keeps events for later runs; nil: nothing is kept
	queuesPath string                                                        // of the file that keeps the queues' messages; empty: nothing is kept
	ended      <-chan struct{}                                               // closed if DynamoDB Local has ended; nil: it is not the service's own
	close      func() error
}

func openStorage(ctx context.Context, settings Settings, log *slog.Logger) (*storage, error) {
	if settings.DynamoDB {
		return openDynamoDB(ctx, settings, log)
	}
	return openMemory(settings.Region), nil
}
