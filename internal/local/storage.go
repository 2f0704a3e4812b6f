package local

import (
	"context"

	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
	"orders/internal/memory"
	"orders/internal/order"
)

// A storage is where orders are kept, the way to follow their changes, and the events and dead letters of earlier runs.
type storage struct {
	name        string // what it is, in words
	orders      order.Store
	follow      func(ctx context.Context, each lambda.StreamMapping) error // until ctx ends; each is what a shard is read with
	events      []eventbridge.Event                                        // of earlier runs
	journal     eventbridge.Journal                                        // keeps events for later runs; nil where none will know of them
	deadLetters *sqs.List                                                  // goes on in later runs where events do
	close       func() error
}

func openStorage(ctx context.Context, settings Settings) (*storage, error) {
	if settings.DynamoDB {
		return onDynamoDB(ctx, settings)
	}
	return inMemory(settings.Region), nil
}

// inMemory is a storage that ends with the process.
func inMemory(region string) *storage {
	store := &memory.Store{}
	return &storage{
		name:   "in memory",
		orders: store,
		follow: func(ctx context.Context, each lambda.StreamMapping) error {
			each.Source, each.ShardID = memoryStream{store, region}, "shardId-memory"
			return each.Run(ctx)
		},
		deadLetters: &sqs.List{},
		close:       func() error { return nil },
	}
}
