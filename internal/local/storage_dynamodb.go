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
	"orders/internal/local/sqs"
)

// A storage on DynamoDB Local keeps these in the data folder.
const (
	databaseFolder  = "dynamodb"
	eventsFile      = "events.jsonl"
	deadLettersFile = "dead-letters.jsonl"
)

// slowAttempt is how long one attempt at the table may take: DynamoDB Local is one Java process that may be busy
// starting, not a service that answers within 10 ms.
const slowAttempt = 5 * time.Second

// onDynamoDB is a storage on the DynamoDB Local at the settings' endpoint, or on one that is started, and ends, with
// the service. Orders, events, dead letters and how far the stream was followed are kept in the data folder between
// runs.
func onDynamoDB(ctx context.Context, settings Settings) (_ *storage, err error) {
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
	letters, earlierLetters, err := openJournal[sqs.Entry](settings.DataFolder, deadLettersFile, &opened)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	client := dynamo.NewClient(cfg, endpoint, dynamo.Timing{Attempt: slowAttempt})
	if err := dynamodb.EnsureTable(ctx, client, tableName); err != nil {
		return nil, err
	}
	follower, err := follow(ctx, cfg, client, endpoint, settings.DataFolder)
	if err != nil {
		return nil, err
	}
	return &storage{
		name:   fmt.Sprintf("DynamoDB Local at %s, table %s", endpoint, tableName),
		orders: &dynamo.Store{Client: client, Table: tableName},
		follow: func(ctx context.Context, each lambda.StreamMapping) error {
			follower.Mapping = each
			return follower.Run(ctx)
		},
		events:      earlierEvents,
		journal:     events,
		deadLetters: sqs.New(earlierLetters, letters),
		close:       opened.close,
	}, nil
}

// closers end what was opened.
type closers []func() error

// close ends what was opened last first.
func (c closers) close() error {
	var errs []error
	for _, end := range slices.Backward(c) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// findServer is the endpoint of the server that the settings name, or of one that is started on the data folder.
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

// openJournal opens a list in the data folder, and returns what earlier runs have put there.
func openJournal[E any](folder, name string, opened *closers) (*durable.Journal[E], []E, error) {
	kept, earlier, err := durable.OpenJournal[E](filepath.Join(folder, name))
	if err != nil {
		return nil, nil, err
	}
	*opened = append(*opened, kept.Close)
	return kept, earlier, nil
}

// follow is a follower of the table's stream that goes on where the last run ended.
func follow(ctx context.Context, cfg aws.Config, client *awsdynamodb.Client, endpoint, folder string) (*dynamodb.StreamReader, error) {
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
