package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orders/internal/dynamo"
	"orders/internal/local/durable"
	"orders/internal/local/dynamodb"
	"orders/internal/local/eventbridge"
	"orders/internal/local/lambda"
)

// What a storage on DynamoDB Local keeps in the data folder.
const (
	databaseFolder = "dynamodb"
	eventsFile     = "events.jsonl"
	queuesFile     = "queues.jsonl"
)

// setupAttempt is the timeout of one attempt to create the table, while DynamoDB Local may still be
// starting. Calls about orders have the timing of the deployed functions.
const setupAttempt = 5 * time.Second

// openDynamoDB returns a storage on the DynamoDB Local at the settings' endpoint, or on one that
// starts and ends with the service. Orders, events, queues and the stream's checkpoints are
// kept in the data folder between runs.
func openDynamoDB(ctx context.Context, settings Settings) (_ *storage, err error) {
	var opened closers
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	endpoint, err := findServer(ctx, settings, &opened)
	if err != nil {
		return nil, err
	}
	events, earlierEvents, err := openJournal[eventbridge.Event](settings.DataFolder, eventsFile, &opened)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	client := dynamo.NewClient(cfg, endpoint, dynamo.Timing{Attempt: setupAttempt})
	if err := dynamodb.EnsureTable(ctx, client, tableName); err != nil {
		return nil, err
	}
	stream, err := newStreamReader(ctx, cfg, client, endpoint, settings.DataFolder)
	if err != nil {
		return nil, err
	}
	api, err := forwardTo(endpoint)
	if err != nil {
		return nil, err
	}
	return &storage{
		api:       api,
		streamARN: stream.StreamARN,
		name:      fmt.Sprintf("DynamoDB Local at %s, table %s", endpoint, tableName),
		orders:    &dynamo.Store{Client: dynamo.NewClient(cfg, endpoint, dynamo.Timing{}), Table: tableName},
		readStream: func(ctx context.Context, mapping lambda.StreamMapping) error {
			stream.Mapping = mapping
			return stream.Run(ctx)
		},
		events:     earlierEvents,
		journal:    events,
		queuesPath: filepath.Join(settings.DataFolder, queuesFile),
		close:      opened.close,
	}, nil
}

// closers close what was opened.
type closers []func() error

// close closes what was opened last first.
func (c closers) close() error {
	var errs []error
	for _, end := range slices.Backward(c) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// findServer returns the endpoint in the settings, or that of a server that it starts on the data
// folder.
func findServer(ctx context.Context, settings Settings, opened *closers) (endpoint string, err error) {
	if settings.DynamoDBEndpoint != "" {
		return settings.DynamoDBEndpoint, nil
	}
	server, err := dynamodb.StartServer(ctx, dynamodb.ServerOptions{Dir: filepath.Join(settings.DataFolder, databaseFolder)})
	if err != nil {
		return "", err
	}
	*opened = append(*opened, server.Close)
	return server.Endpoint(), nil
}

// openJournal opens a journal in the data folder, and returns the entries of earlier runs.
func openJournal[E any](folder, name string, opened *closers) (*durable.Journal[E], []E, error) {
	journal, earlier, err := durable.OpenJournal[E](filepath.Join(folder, name))
	if err != nil {
		return nil, nil, err
	}
	*opened = append(*opened, journal.Close)
	return journal, earlier, nil
}

// newStreamReader returns a reader of the table's stream that resumes where the last run ended.
func newStreamReader(ctx context.Context, cfg aws.Config, client *awsdynamodb.Client, endpoint, folder string) (*dynamodb.StreamReader, error) {
	description, err := client.DescribeTable(ctx, &awsdynamodb.DescribeTableInput{TableName: aws.String(tableName)})
	if err != nil {
		return nil, fmt.Errorf("find the stream of table %s: %w", tableName, err)
	}
	arn := aws.ToString(description.Table.LatestStreamArn)
	checkpoints, err := durable.OpenCheckpoints(folder, arn)
	if err != nil {
		return nil, err
	}
	return &dynamodb.StreamReader{Client: dynamodb.NewStreamsClient(cfg, endpoint), StreamARN: arn, Checkpoints: checkpoints}, nil
}
