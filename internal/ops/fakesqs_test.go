package ops_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A fakeSQS is as much of SQS as the operator uses. Queues are made by use. Visibility timeouts
// never end by themselves: what a command hides, it must release.
type fakeSQS struct {
	mu     sync.Mutex
	queues map[string][]*fakeMessage // by URL
	moved  int                       // by the latest move task
	fail   func(operation string) error
	sent   int
}

type fakeMessage struct {
	types.Message
	hidden bool
}

func newFakeSQS() *fakeSQS {
	return &fakeSQS{queues: map[string][]*fakeMessage{}, fail: func(string) error { return nil }}
}

// put adds a message that was sent some time ago.
func (s *fakeSQS) put(url, body string, age time.Duration, attributes ...string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
	m := &fakeMessage{Message: types.Message{
		MessageId: aws.String(fmt.Sprintf("m-%d", s.sent)), Body: aws.String(body),
		Attributes:        map[string]string{"SentTimestamp": strconv.FormatInt(time.Now().Add(-age).UnixMilli(), 10)},
		MessageAttributes: map[string]types.MessageAttributeValue{},
	}}
	for i := 0; i < len(attributes); i += 2 {
		m.MessageAttributes[attributes[i]] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(attributes[i+1])}
	}
	m.ReceiptHandle = m.MessageId
	s.queues[url] = append(s.queues[url], m)
	return *m.MessageId
}

// bodies returns the bodies of a queue's messages. All of them must be visible.
func (s *fakeSQS) bodies(url string) (bodies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.queues[url] {
		if m.hidden {
			bodies = append(bodies, "hidden")
		} else {
			bodies = append(bodies, *m.Body)
		}
	}
	return bodies
}

func (s *fakeSQS) find(url, receipt string) (int, *fakeMessage) {
	for i, m := range s.queues[url] {
		if *m.ReceiptHandle == receipt {
			return i, m
		}
	}
	return -1, nil
}

func (s *fakeSQS) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	visible, hidden := 0, 0
	for _, m := range s.queues[*in.QueueUrl] {
		if m.hidden {
			hidden++
		} else {
			visible++
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"QueueArn": "arn:" + *in.QueueUrl, "ApproximateNumberOfMessages": strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
	}}, s.fail("GetQueueAttributes")
}

func (s *fakeSQS) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("ReceiveMessage"); err != nil {
		return nil, err
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range s.queues[*in.QueueUrl] {
		if !m.hidden && len(out.Messages) < int(in.MaxNumberOfMessages) {
			m.hidden = true
			out.Messages = append(out.Messages, m.Message)
		}
	}
	return out, nil
}

func (s *fakeSQS) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	if err := s.fail("SendMessage"); err != nil {
		return nil, err
	}
	s.put(*in.QueueUrl, *in.MessageBody, 0)
	return &sqs.SendMessageOutput{}, nil
}

func (s *fakeSQS) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("DeleteMessage"); err != nil {
		return nil, err
	}
	if i, m := s.find(*in.QueueUrl, *in.ReceiptHandle); m != nil {
		s.queues[*in.QueueUrl] = append(s.queues[*in.QueueUrl][:i:i], s.queues[*in.QueueUrl][i+1:]...)
	}
	return &sqs.DeleteMessageOutput{}, nil
}

func (s *fakeSQS) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, m := s.find(*in.QueueUrl, *in.ReceiptHandle); m != nil {
		m.hidden = in.VisibilityTimeout > 0
	}
	return &sqs.ChangeMessageVisibilityOutput{}, nil
}

// StartMessageMoveTask moves all visible messages at once.
func (s *fakeSQS) StartMessageMoveTask(_ context.Context, in *sqs.StartMessageMoveTaskInput, _ ...func(*sqs.Options)) (*sqs.StartMessageMoveTaskOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("StartMessageMoveTask"); err != nil {
		return nil, err
	}
	from, to := (*in.SourceArn)[len("arn:"):], (*in.DestinationArn)[len("arn:"):]
	s.moved = len(s.queues[from])
	s.queues[to] = append(s.queues[to], s.queues[from]...)
	s.queues[from] = nil
	return &sqs.StartMessageMoveTaskOutput{TaskHandle: aws.String("task")}, nil
}

func (s *fakeSQS) ListMessageMoveTasks(context.Context, *sqs.ListMessageMoveTasksInput, ...func(*sqs.Options)) (*sqs.ListMessageMoveTasksOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &sqs.ListMessageMoveTasksOutput{Results: []types.ListMessageMoveTasksResultEntry{{
		Status: aws.String("COMPLETED"), ApproximateNumberOfMessagesMoved: int64(s.moved), ApproximateNumberOfMessagesToMove: aws.Int64(int64(s.moved)),
	}}}, s.fail("ListMessageMoveTasks")
}

func (s *fakeSQS) CancelMessageMoveTask(context.Context, *sqs.CancelMessageMoveTaskInput, ...func(*sqs.Options)) (*sqs.CancelMessageMoveTaskOutput, error) {
	return &sqs.CancelMessageMoveTaskOutput{}, s.fail("CancelMessageMoveTask")
}
