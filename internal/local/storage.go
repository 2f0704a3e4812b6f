package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/dynamo"
	"orders/internal/local/bus"
	"orders/internal/local/checkpoint"
	"orders/internal/local/dynamodblocal"
	"orders/internal/local/journal"
	"orders/internal/local/mapping"
	"orders/internal/local/stream"
	"orders/internal/local/table"
	"orders/internal/memory"
	"orders/internal/order"
)

// A storage is where orders are kept, the way to follow their changes, and the events of earlier runs.
type storage struct {
	name    string // what it is, in words
	orders  order.Store
	follow  func(ctx context.Context, each mapping.Mapping) error // until ctx ends; each is what a shard is read with
	events  []bus.Event                                           // of earlier runs
	journal bus.Journal                                           // keeps events for later runs; nil where none will know of them
	close   func() error
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
		follow: func(ctx context.Context, each mapping.Mapping) error {
			each.Source, each.ShardID = memoryStream{store, region}, "shardId-memory"
			return each.Run(ctx)
		},
		close: func() error { return nil },
	}
}

// A storage on DynamoDB Local keeps these in the data folder.
const (
	databaseFolder = "dynamodb"
	eventsFile     = "events.jsonl"
)

// slowAttempt is how long one attempt at the table may take: DynamoDB Local is one Java process that may be busy
// starting, not a service that answers within 10 ms.
const slowAttempt = 5 * time.Second

// onDynamoDB is a storage on the DynamoDB Local at the settings' endpoint, or on one that is started, and ends, with
// the service. Orders, events and how far the stream was followed are kept in the data folder between runs.
func onDynamoDB(ctx context.Context, settings Settings) (_ *storage, err error) {
	var opened []func() error
	closeAll := func() error {
		var errs []error
		for i := len(opened) - 1; i >= 0; i-- {
			errs = append(errs, opened[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()

	endpoint := settings.DynamoDBEndpoint
	if endpoint == "" {
		server, err := dynamodblocal.Start(ctx, dynamodblocal.Options{Dir: filepath.Join(settings.DataFolder, databaseFolder)})
		if err != nil {
			return nil, err
		}
		opened = append(opened, server.Close)
		endpoint = server.Endpoint()
	}
	events, earlier, err := journal.Open[bus.Event](filepath.Join(settings.DataFolder, eventsFile))
	if err != nil {
		return nil, err
	}
	opened = append(opened, events.Close)

	cfg := aws.Config{Region: settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	client := dynamo.NewClient(cfg, endpoint, dynamo.Timing{Attempt: slowAttempt})
	if err := table.Ensure(ctx, client, tableName); err != nil {
		return nil, err
	}
	follower, err := follow(ctx, cfg, client, endpoint, settings.DataFolder)
	if err != nil {
		return nil, err
	}
	return &storage{
		name:   fmt.Sprintf("DynamoDB Local at %s, table %s", endpoint, tableName),
		orders: &dynamo.Store{Client: client, Table: tableName},
		follow: func(ctx context.Context, each mapping.Mapping) error {
			follower.Mapping = each
			return follower.Run(ctx)
		},
		events:  earlier,
		journal: events,
		close:   closeAll,
	}, nil
}

// follow is a follower of the table's stream that goes on where the last run ended.
func follow(ctx context.Context, cfg aws.Config, client *dynamodb.Client, endpoint, folder string) (*stream.Follower, error) {
	description, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(tableName)})
	if err != nil {
		return nil, fmt.Errorf("find the stream of table %s: %w", tableName, err)
	}
	arn := aws.ToString(description.Table.LatestStreamArn)
	checkpoints, err := checkpoint.Open(folder, arn)
	if err != nil {
		return nil, err
	}
	return &stream.Follower{Client: stream.NewClient(cfg, endpoint), StreamARN: arn, Checkpoints: checkpoints}, nil
}
