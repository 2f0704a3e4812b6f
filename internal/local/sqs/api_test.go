package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"orders/internal/local/sqs"
)

// serve serves the API of queues, and returns a client of AWS's SDK.
func serve(t *testing.T, o sqs.Options) (*sqs.Service, *awssqs.Client, string) {
	s := open(t, o)
	server := httptest.NewServer(s)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		require.NoError(t, s.Close())
	})
	return s, awssqs.New(awssqs.Options{
		BaseEndpoint: aws.String(server.URL), Region: "eu-west-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}), server.URL
}

func queueURL(name string) *string { return aws.String("http://127.0.0.1:8080/000000000000/" + name) }

func queueARN(name string) *string { return aws.String("arn:aws:sqs:eu-west-1:000000000000:" + name) }

func TestAPI(t *testing.T) {
	_, client, _ := serve(t, options())
	ctx := t.Context()
	url, err := client.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("updates")})
	require.NoError(t, err)
	require.Equal(t, queueURL("updates"), url.QueueUrl)
	list, err := client.ListQueues(ctx, &awssqs.ListQueuesInput{QueueNamePrefix: aws.String("de")})
	require.NoError(t, err)
	require.Equal(t, []string{*queueURL("dead-letters"), *queueURL("delayed")}, list.QueueUrls)

	sent, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String(`{"a":"<é>"}`),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"ERROR_CODE": {DataType: aws.String("String"), StringValue: aws.String("NO_PERMISSIONS")},
			"bytes":      {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		}})
	require.NoError(t, err)
	_, err = client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String("later"), DelaySeconds: 60})
	require.NoError(t, err)

	received, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"ERROR_.*", "ERROR_CODE"}})
	require.NoError(t, err)
	require.Len(t, received.Messages, 1)
	m := received.Messages[0]
	require.Equal(t, sent.MessageId, m.MessageId)
	require.Equal(t, `{"a":"<é>"}`, *m.Body)
	require.Equal(t, "1", m.Attributes["ApproximateReceiveCount"])
	require.NotEmpty(t, m.Attributes["SentTimestamp"])
	require.Equal(t, "NO_PERMISSIONS", *m.MessageAttributes["ERROR_CODE"].StringValue)
	require.Len(t, m.MessageAttributes, 1)

	attributes, err := client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []types.QueueAttributeName{"All"}})
	require.NoError(t, err)
	require.Equal(t, "0", attributes.Attributes["ApproximateNumberOfMessages"])
	require.Equal(t, "1", attributes.Attributes["ApproximateNumberOfMessagesNotVisible"])
	require.Equal(t, "1", attributes.Attributes["ApproximateNumberOfMessagesDelayed"])
	require.Equal(t, "60", attributes.Attributes["VisibilityTimeout"])
	require.JSONEq(t, `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead-letters","maxReceiveCount":2}`, attributes.Attributes["RedrivePolicy"])

	_, err = client.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0})
	require.NoError(t, err)
	received, err = client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, WaitTimeSeconds: 20})
	require.NoError(t, err)
	require.Len(t, received.Messages, 1)
	_, err = client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: received.Messages[0].ReceiptHandle})
	require.NoError(t, err)
	attributes, err = client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl,
		AttributeNames: []types.QueueAttributeName{"ApproximateNumberOfMessagesNotVisible"}})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"ApproximateNumberOfMessagesNotVisible": "0"}, attributes.Attributes)
}

func TestWaitsEndWithTheService(t *testing.T) {
	s, client, _ := serve(t, options())
	s.EndWaits()
	start := time.Now()
	received, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: queueURL("updates"), WaitTimeSeconds: 20})
	require.NoError(t, err)
	require.Empty(t, received.Messages)
	require.Less(t, time.Since(start), 15*time.Second)
}

func TestAPIErrors(t *testing.T) {
	_, client, url := serve(t, options())
	ctx, updates, receipt := t.Context(), queueURL("updates"), aws.String("00000000-0000-4000-8000-000000000000#1")
	for name, test := range map[string]struct {
		code string
		call func() error
	}{
		"unknown queue name": {"AWS.SimpleQueueService.NonExistentQueue", func() error {
			_, err := client.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("other")})
			return err
		}},
		"unknown queue URL": {"AWS.SimpleQueueService.NonExistentQueue", func() error {
			_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: queueURL("other"), MessageBody: aws.String("x")})
			return err
		}},
		"empty body": {"MissingParameter", func() error {
			_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: updates, MessageBody: aws.String("")})
			return err
		}},
		"large body": {"InvalidParameterValue", func() error {
			_, err := client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: updates, MessageBody: aws.String(strings.Repeat("x", 1<<20+1))})
			return err
		}},
		"too many messages": {"InvalidParameterValue", func() error {
			_, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: updates, MaxNumberOfMessages: 11})
			return err
		}},
		"too long a wait": {"InvalidParameterValue", func() error {
			_, err := client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: updates, WaitTimeSeconds: 21})
			return err
		}},
		"invalid receipt": {"ReceiptHandleIsInvalid", func() error {
			_, err := client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: updates, ReceiptHandle: aws.String("x")})
			return err
		}},
		"not in flight": {"AWS.SimpleQueueService.MessageNotInflight", func() error {
			_, err := client.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{QueueUrl: updates, ReceiptHandle: receipt})
			return err
		}},
		"unknown attribute": {"InvalidAttributeName", func() error {
			_, err := client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: updates, AttributeNames: []types.QueueAttributeName{"Color"}})
			return err
		}},
		"move from a queue that is not for dead letters": {"AWS.SimpleQueueService.UnsupportedOperation", func() error {
			_, err := client.StartMessageMoveTask(ctx, &awssqs.StartMessageMoveTaskInput{SourceArn: queueARN("updates")})
			return err
		}},
		"move from an unknown queue": {"ResourceNotFoundException", func() error {
			_, err := client.StartMessageMoveTask(ctx, &awssqs.StartMessageMoveTaskInput{SourceArn: queueARN("other")})
			return err
		}},
		"unsupported operation": {"InvalidAction", func() error {
			_, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("x")})
			require.ErrorContains(t, err, "Supported: ChangeMessageVisibility, ")
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			failed, ok := errors.AsType[smithy.APIError](test.call())
			require.True(t, ok)
			require.Equal(t, test.code, failed.ErrorCode())
		})
	}
	for _, body := range []string{"", "[", `{"QueueUrl":5}`} {
		request, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		var out struct {
			Type string `json:"__type"`
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&out))
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusBadRequest, response.StatusCode)
		require.Equal(t, "com.amazon.coral.service#SerializationException", out.Type)
	}
	http.DefaultClient.CloseIdleConnections()
}

// moved waits until the latest move task has ended, and returns it.
func moved(t *testing.T, client *awssqs.Client) types.ListMessageMoveTasksResultEntry {
	for {
		list, err := client.ListMessageMoveTasks(t.Context(), &awssqs.ListMessageMoveTasksInput{SourceArn: queueARN("dead-letters")})
		require.NoError(t, err)
		require.Len(t, list.Results, 1)
		if *list.Results[0].Status != "RUNNING" {
			return list.Results[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestMoveTask(t *testing.T) {
	o := options()
	o.Path = filepath.Join(t.TempDir(), "queues.jsonl")
	s, client, _ := serve(t, o)
	require.NoError(t, s.Send("direct", "dead-letters"))
	require.NoError(t, s.Send("failed", "updates"))
	for range 3 { // the second receive is the last
		for _, m := range receive(t, s.Queue("updates")) {
			s.Queue("updates").Retry(m.Receipt, 0, "failed")
		}
	}
	letters := s.Queue("dead-letters").Messages()
	require.Equal(t, []string{"direct", "failed"}, bodies(letters))

	_, err := client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{SourceArn: queueARN("dead-letters")})
	require.NoError(t, err)
	require.Equal(t, int64(1), moved(t, client).ApproximateNumberOfMessagesMoved, "without a destination, to the source queue")
	require.Equal(t, []string{"direct"}, bodies(s.Queue("dead-letters").Messages()))
	redriven := s.Queue("updates").Messages()
	require.Equal(t, []string{"failed"}, bodies(redriven))
	require.NotEqual(t, letters[1].ID, redriven[0].ID, "a new message")
	require.Zero(t, redriven[0].ReceiveCount)
	require.Empty(t, redriven[0].LastError)

	_, err = client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{
		SourceArn: queueARN("dead-letters"), DestinationArn: queueARN("updates"), MaxNumberOfMessagesPerSecond: aws.Int32(500)})
	require.NoError(t, err)
	task := moved(t, client)
	require.Equal(t, "COMPLETED", *task.Status)
	require.Equal(t, int64(1), task.ApproximateNumberOfMessagesMoved)
	require.Equal(t, queueARN("updates"), task.DestinationArn)
	require.Equal(t, []string{"failed", "direct"}, bodies(s.Queue("updates").Messages()))
	require.Empty(t, s.Queue("dead-letters").Messages())
}

// A task ends although every message that it moves fails again, and only one runs at a time.
func TestMoveTaskMovesEachMessageOnce(t *testing.T) {
	s, client, _ := serve(t, options())
	for i := range 20 {
		require.NoError(t, s.Send(strconv.Itoa(i), "dead-letters"))
	}
	start := func() error {
		_, err := client.StartMessageMoveTask(t.Context(), &awssqs.StartMessageMoveTaskInput{
			SourceArn: queueARN("dead-letters"), DestinationArn: queueARN("dead-letters"), MaxNumberOfMessagesPerSecond: aws.Int32(15)})
		return err
	}
	require.NoError(t, start())
	require.ErrorContains(t, start(), "only one active task")
	require.Equal(t, int64(20), moved(t, client).ApproximateNumberOfMessagesMoved)
	require.Len(t, s.Queue("dead-letters").Messages(), 20)
}

func TestRedriveOf20000DeadLetters(t *testing.T) {
	o := options()
	o.Path = filepath.Join(t.TempDir(), "queues.jsonl")
	s, client, _ := serve(t, o)
	body := `{"detail-type":"PackageCreated","detail":"` + strings.Repeat("x", 1500) + `"}`
	letters := make([]string, 20_000)
	for i := range letters {
		letters[i] = "dead-letters"
	}
	require.NoError(t, s.Send(body, letters...))
	start := time.Now()
	_, err := client.StartMessageMoveTask(context.Background(), &awssqs.StartMessageMoveTaskInput{SourceArn: queueARN("dead-letters"), DestinationArn: queueARN("updates")})
	require.NoError(t, err)
	require.Equal(t, int64(20_000), moved(t, client).ApproximateNumberOfMessagesMoved)
	t.Logf("moved 20,000 messages in %v", time.Since(start))
	require.Len(t, s.Queue("updates").Messages(), 20_000)
}
