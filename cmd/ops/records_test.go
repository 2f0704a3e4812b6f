package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/ops"
)

// insertOf returns the sequence number of the stream record that inserted an order.
func (s *shell) insertOf(orderID string) string {
	s.t.Helper()
	client, stream := dynamodbstreams.NewFromConfig(s.aws()), aws.String(s.stack().Stream)
	description, err := client.DescribeStream(s.t.Context(), &dynamodbstreams.DescribeStreamInput{StreamArn: stream})
	require.NoError(s.t, err)
	for _, shard := range description.StreamDescription.Shards {
		iterator, err := client.GetShardIterator(s.t.Context(), &dynamodbstreams.GetShardIteratorInput{
			StreamArn: stream, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		require.NoError(s.t, err)
		page, err := client.GetRecords(s.t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: iterator.ShardIterator})
		require.NoError(s.t, err)
		for _, r := range page.Records {
			if r.Dynamodb.Keys["orderId"].(*types.AttributeValueMemberS).Value == orderID {
				return *r.Dynamodb.SequenceNumber
			}
		}
	}
	require.Fail(s.t, "the stream has no record of the order")
	return ""
}

func TestPublishOfRecordsReadsTheStream(t *testing.T) {
	s := newShell(t, local.Settings{DynamoDB: true, DynamoDBEndpoint: dynamodbtest.Start(t), DataFolder: t.TempDir()})
	id := s.order()
	pointer := func(number string) {
		body := fmt.Sprintf(`{"condition":"PermanentFailure","DDBStreamBatchInfo":{"startSequenceNumber":%[1]q,"endSequenceNumber":%[1]q,"streamArn":%q}}`,
			number, s.stack().Stream)
		_, err := sqs.NewFromConfig(s.aws()).SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String(s.stack().Queues.RecordDeadLetters), MessageBody: aws.String(body)})
		require.NoError(t, err)
	}
	number := s.insertOf(id)
	pointer(number)
	var letters []ops.Letter
	s.json("dead-letters list --queue records", &letters)
	require.Len(t, letters, 1)
	require.Equal(t, []string{id}, letters[0].Orders)
	require.Equal(t, ops.ReasonNone, letters[0].Reason)

	published := func() int { return strings.Count(s.get("/_local/events"), `"OrderCreated"`) }
	require.Eventually(t, func() bool { return published() == 1 }, patience, poll)
	code, stdout, stderr := s.run("", "dead-letters publish --yes")
	require.Equal(t, exitDone, code, stderr)
	require.Regexp(t, `publish +1 +1 +0`, stdout)
	require.Equal(t, 2, published(), "published once more")

	pointer(number[:len(number)-1] + "9")
	code, _, stderr = s.run("", "dead-letters publish --yes")
	require.Equal(t, exitLeft, code)
	require.Contains(t, stderr, "the stream no longer has the record")
}

func TestRecordsWithATableInMemoryHaveNoStream(t *testing.T) {
	s := newShell(t, local.Settings{})
	_, err := sqs.NewFromConfig(s.aws()).SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(s.stack().Queues.RecordDeadLetters), MessageBody: aws.String(`{"DDBStreamBatchInfo":{"startSequenceNumber":"1"}}`)})
	require.NoError(t, err)
	_, stdout, _ := s.run("", "dead-letters list --queue records")
	require.Contains(t, stdout, ops.ReasonNoStream)
	code, _, stderr := s.run("", "dead-letters publish --yes")
	require.Equal(t, exitLeft, code)
	require.Contains(t, stderr, "the table has no stream")
}
