package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	lockFile       = "lock"
)

// setupAttempt is the timeout of one attempt to create the table, while DynamoDB Local may still be
// starting. Calls about orders have the timing of the deployed functions.
const setupAttempt = 5 * time.Second

// openDynamoDB returns a storage on the DynamoDB Local at the settings' endpoint, or on one that
// starts and ends with the service. Orders, events, queues and the stream's checkpoints are kept in
// the data folder between runs. Errors name the setting that they come from.
func openDynamoDB(ctx context.Context, settings Settings, log *slog.Logger) (_ *storage, err error) {
	var opened closers
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if err := lockData(ctx, settings.DataFolder, &opened); err != nil {
		return nil, err
	}
	events, earlierEvents, err := openEvents(settings.DataFolder, &opened)
	if err != nil {
		return nil, err
	}
	server, err := findServer(ctx, settings, log, &opened)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	client := dynamo.NewClient(cfg, server.endpoint, dynamo.Timing{Attempt: setupAttempt})
	if err := waitForResponse(ctx, client, server); err != nil {
		return nil, err
	}
	if err := dynamodb.EnsureTable(ctx, client, tableName); err != nil {
		return nil, err
	}
	stream, err := newStreamReader(ctx, cfg, client, server.endpoint, settings.DataFolder)
	if err != nil {
		return nil, err
	}
	api, err := forwardTo(server.endpoint)
	if err != nil {
		return nil, err
	}
	return &storage{
		api:       api,
		streamARN: stream.StreamARN,
		name:      fmt.Sprintf("DynamoDB Local at %s, table %s", server.endpoint, tableName),
		orders:    &dynamo.Store{Client: dynamo.NewClient(cfg, server.endpoint, dynamo.Timing{}), Table: tableName},
		readStream: func(ctx context.Context, mapping lambda.StreamMapping) error {
			stream.Mapping = mapping
			return stream.Run(ctx)
		},
		events:     earlierEvents,
		journal:    events,
		queuesPath: filepath.Join(settings.DataFolder, queuesFile),
		ended:      server.ended,
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

// inData adds the setting to the error of a data folder.
func inData(folder string, err error) error { return fmt.Errorf("DATA=%s: %w", folder, err) }

// lockData locks the data folder for this process. It does not wait, because the lock of a process
// that was killed ends with it.
func lockData(ctx context.Context, folder string, opened *closers) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	lock, err := durable.LockFile(ctx, filepath.Join(folder, lockFile))
	if err != nil {
		return inData(folder, err)
	}
	*opened = append(*opened, lock.Close)
	return nil
}

// A dataJournal is the journal of events. Its errors name the setting, because the folder may
// become full or unwritable at any time.
type dataJournal struct {
	*durable.Journal[eventbridge.Event]
	folder string
}

// Append implements eventbridge.Journal.
func (j dataJournal) Append(event eventbridge.Event) error {
	if err := j.Journal.Append(event); err != nil {
		return inData(j.folder, err)
	}
	return nil
}

// openEvents opens the journal of events, and returns the events of earlier runs.
func openEvents(folder string, opened *closers) (eventbridge.Journal, []eventbridge.Event, error) {
	journal, earlier, err := durable.OpenJournal[eventbridge.Event](filepath.Join(folder, eventsFile))
	if err != nil {
		return nil, nil, inData(folder, err)
	}
	*opened = append(*opened, journal.Close)
	return dataJournal{journal, folder}, earlier, nil
}

// A server is a DynamoDB Local.
type server struct {
	endpoint string
	setting  string          // that the server comes from, for errors
	ended    <-chan struct{} // nil if the server is not the service's own
}

// findServer returns the server at the endpoint in the settings, or one that it starts on the data
// folder.
func findServer(ctx context.Context, settings Settings, log *slog.Logger, opened *closers) (server, error) {
	if endpoint := settings.DynamoDBEndpoint; endpoint != "" {
		return server{endpoint: endpoint, setting: "DYNAMODB_ENDPOINT=" + endpoint}, nil
	}
	folder := filepath.Join(settings.DataFolder, databaseFolder)
	started, err := dynamodb.StartServer(ctx, dynamodb.ServerOptions{Dir: folder, Progress: func(step string) { log.Info(step) }})
	if err != nil {
		return server{}, inData(settings.DataFolder, err)
	}
	*opened = append(*opened, started.Close)
	return server{
		endpoint: started.Endpoint(),
		setting:  fmt.Sprintf("DATA=%s: if the database in %s is damaged, move that folder away to begin a new one", settings.DataFolder, folder),
		ended:    started.Ended(),
	}, nil
}

// waitForResponse waits until the server responds. An own server has printed that it listens, and
// may only be slow.
func waitForResponse(ctx context.Context, client *awsdynamodb.Client, server server) error {
	limit := 8 * time.Second
	if server.ended != nil {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := dynamodb.WaitForResponse(ctx, client, tableName); err != nil {
		return fmt.Errorf("%s: %w", server.setting, err)
	}
	return nil
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
		return nil, inData(folder, err)
	}
	reader := &dynamodb.StreamReader{Client: dynamodb.NewStreamsClient(cfg, endpoint), StreamARN: arn, Checkpoints: checkpoints}
	if err := reader.VerifyCheckpoints(ctx); err != nil {
		return nil, inData(folder, fmt.Errorf("%w; remove %s to repeat all records that the stream still has", err, checkpoints.Path()))
	}
	return reader, nil
}
