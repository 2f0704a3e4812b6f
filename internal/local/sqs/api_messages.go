package sqs

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// SQS's limits.
const (
	maxMessageSize = 1 << 20 // bytes
	maxBatch       = 10
	maxVisibility  = 12 * 60 * 60 // seconds
	maxDelay       = 15 * 60      // seconds
	maxWait        = 20           // seconds
	maxTasks       = 10           // of ListMessageMoveTasks

	retentionPeriod = 14 * 24 * 60 * 60 // seconds; shown, but messages are kept for longer
)

type sendMessageInput struct {
	QueueURL          string `json:"QueueUrl"`
	MessageBody       string
	DelaySeconds      *int
	MessageAttributes map[string]Attribute
}

func (s *Service) sendMessage(_ *http.Request, in sendMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	size := len(in.MessageBody)
	for name, attribute := range in.MessageAttributes {
		size += len(name) + len(attribute.DataType) + len(attribute.StringValue) + len(attribute.BinaryValue)
	}
	switch {
	case in.MessageBody == "":
		return nil, missingParameter("MessageBody")
	case size > maxMessageSize:
		return nil, invalidParameter(fmt.Sprintf("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", maxMessageSize))
	}
	delay, err := duration("DelaySeconds", in.DelaySeconds, q.Delay, maxDelay)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	m := Message{ID: uuid.NewString(), Body: in.MessageBody, Attributes: in.MessageAttributes, SentAt: now, ArrivedAt: now, VisibleAt: now.Add(delay)}
	if err := s.put([]record{{Queue: q.Name, Message: &m}}); err != nil {
		return nil, err
	}
	return map[string]string{"MessageId": m.ID, "MD5OfMessageBody": m.MD5()}, nil
}

// duration returns a parameter in seconds as a duration.
func duration(name string, seconds *int, fallback time.Duration, most int) (time.Duration, error) {
	if seconds == nil {
		return fallback, nil
	}
	if *seconds < 0 || *seconds > most {
		return 0, invalidParameter(fmt.Sprintf("Value %d for parameter %s is invalid. Reason: Must be >= 0 and <= %d, if provided.", *seconds, name, most))
	}
	return time.Duration(*seconds) * time.Second, nil
}

// MD5 returns the MD5 of the body in hexadecimal, as SQS's API has it.
func (m Message) MD5() string {
	sum := md5.Sum([]byte(m.Body))
	return hex.EncodeToString(sum[:])
}

// SystemAttributes returns the attributes that SQS gives a message.
func (m Message) SystemAttributes(q *Queue) map[string]string {
	attributes := map[string]string{
		"SenderId":                         q.service.options.Account,
		"SentTimestamp":                    strconv.FormatInt(m.SentAt.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.ReceiveCount),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.FirstReceivedAt.UnixMilli(), 10),
	}
	if source := q.service.Queue(m.SourceQueue); source != nil {
		attributes["DeadLetterQueueSourceArn"] = source.ARN()
	}
	return attributes
}

type receiveMessageInput struct {
	QueueURL                    string `json:"QueueUrl"`
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	AttributeNames              []string // the older name of the next
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
}

type receivedMessage struct {
	MessageID         string `json:"MessageId"`
	ReceiptHandle     string
	MD5OfBody         string
	Body              string
	Attributes        map[string]string    `json:",omitempty"`
	MessageAttributes map[string]Attribute `json:",omitempty"`
}

func (s *Service) receiveMessage(r *http.Request, in receiveMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	limit := 1
	if in.MaxNumberOfMessages != nil {
		if limit = *in.MaxNumberOfMessages; limit < 1 || limit > maxBatch {
			return nil, invalidParameter(fmt.Sprintf("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", limit))
		}
	}
	visibility, err := duration("VisibilityTimeout", in.VisibilityTimeout, q.VisibilityTimeout, maxVisibility)
	if err != nil {
		return nil, err
	}
	wait, err := duration("WaitTimeSeconds", in.WaitTimeSeconds, 0, maxWait)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.waiting, cancel)()
	messages, err := q.Receive(ctx, limit, visibility, wait)
	if err != nil && s.waiting.Err() == nil {
		return nil, err
	}
	out := make([]receivedMessage, len(messages))
	for i, m := range messages {
		out[i] = receivedMessage{
			MessageID: m.ID, ReceiptHandle: m.Receipt, MD5OfBody: m.MD5(), Body: m.Body,
			Attributes:        choose(m.SystemAttributes(q), slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)),
			MessageAttributes: choose(m.Attributes, in.MessageAttributeNames),
		}
	}
	return map[string]any{"Messages": out}, nil
}

// choose returns the attributes with these names, which may be "All", ".*" or a prefix such as
// "a.*".
func choose[V any](all map[string]V, names []string) map[string]V {
	chosen := make(map[string]V)
	for name, value := range all {
		if slices.ContainsFunc(names, func(wanted string) bool {
			prefix, isPrefix := strings.CutSuffix(wanted, ".*")
			return wanted == "All" || wanted == name || isPrefix && (prefix == "" || strings.HasPrefix(name, prefix+"."))
		}) {
			chosen[name] = value
		}
	}
	return chosen
}

type deleteMessageInput struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

var errReceiptHandle = &apiError{code: "com.amazonaws.sqs#ReceiptHandleIsInvalid", query: "ReceiptHandleIsInvalid",
	message: "The input receipt handle is invalid."}

func (s *Service) deleteMessage(_ *http.Request, in deleteMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if !isReceipt(in.ReceiptHandle) {
		return nil, errReceiptHandle
	}
	return struct{}{}, q.Delete(in.ReceiptHandle)
}

type deleteMessageBatchInput struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []struct{ ID, ReceiptHandle string }
}

func (s *Service) deleteMessageBatch(_ *http.Request, in deleteMessageBatchInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if len(in.Entries) == 0 || len(in.Entries) > maxBatch {
		return nil, invalidParameter("A batch must have between 1 and 10 entries.")
	}
	successful, failed := []any{}, []any{}
	var receipts []string
	for _, entry := range in.Entries {
		if isReceipt(entry.ReceiptHandle) {
			receipts = append(receipts, entry.ReceiptHandle)
			successful = append(successful, map[string]string{"Id": entry.ID})
		} else {
			failed = append(failed, map[string]any{"Id": entry.ID, "SenderFault": true, "Code": errReceiptHandle.query, "Message": errReceiptHandle.message})
		}
	}
	return map[string]any{"Successful": successful, "Failed": failed}, q.Delete(receipts...)
}

type changeMessageVisibilityInput struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (s *Service) changeMessageVisibility(_ *http.Request, in changeMessageVisibilityInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if !isReceipt(in.ReceiptHandle) {
		return nil, errReceiptHandle
	}
	if in.VisibilityTimeout == nil {
		return nil, missingParameter("VisibilityTimeout")
	}
	visibility, err := duration("VisibilityTimeout", in.VisibilityTimeout, 0, maxVisibility)
	if err != nil {
		return nil, err
	}
	if !q.ChangeVisibility(in.ReceiptHandle, visibility) {
		return nil, &apiError{code: "com.amazonaws.sqs#MessageNotInflight", query: "AWS.SimpleQueueService.MessageNotInflight",
			message: "The message referred to isn't in flight."}
	}
	return struct{}{}, nil
}
