package sqs

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
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

// queueByURL returns the queue that a QueueUrl names, whatever address the client uses for the
// service.
func (s *Service) queueByURL(url string) (*Queue, error) {
	if url == "" {
		return nil, missingParameter("QueueUrl")
	}
	if q := s.Queue(url[strings.LastIndexByte(url, '/')+1:]); q != nil {
		return q, nil
	}
	return nil, errQueueDoesNotExist
}

func (s *Service) queueByARN(arn string) (*Queue, error) {
	if name, ok := strings.CutPrefix(arn, s.arnPrefix()); ok {
		if q := s.Queue(name); q != nil {
			return q, nil
		}
	}
	return nil, &apiError{code: "com.amazonaws.sqs#ResourceNotFoundException", query: "ResourceNotFoundException",
		message: "The resource that you specified for the SourceArn or DestinationArn parameter doesn't exist."}
}

func (s *Service) arnPrefix() string {
	return "arn:aws:sqs:" + s.options.Region + ":" + s.options.Account + ":"
}

// ARN returns the queue's Amazon Resource Name.
func (q *Queue) ARN() string { return q.service.arnPrefix() + q.Name }

// URL returns the queue's URL.
func (q *Queue) URL() string {
	return q.service.options.URL + "/" + q.service.options.Account + "/" + q.Name
}

type getQueueURLInput struct{ QueueName string }

func (s *Service) getQueueURL(_ *http.Request, in getQueueURLInput) (any, error) {
	q := s.Queue(in.QueueName)
	if q == nil {
		return nil, errQueueDoesNotExist
	}
	return map[string]string{"QueueUrl": q.URL()}, nil
}

type listQueuesInput struct{ QueueNamePrefix string }

func (s *Service) listQueues(_ *http.Request, in listQueuesInput) (any, error) {
	urls := []string{}
	for _, q := range s.queues {
		if strings.HasPrefix(q.Name, in.QueueNamePrefix) {
			urls = append(urls, q.URL())
		}
	}
	return map[string][]string{"QueueUrls": urls}, nil
}

type getQueueAttributesInput struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

func (s *Service) getQueueAttributes(_ *http.Request, in getQueueAttributesInput) (any, error) {
	q, err := s.queueByURL(in.QueueURL)
	if err != nil {
		return nil, err
	}
	all := q.attributes()
	if slices.Contains(in.AttributeNames, "All") {
		return map[string]any{"Attributes": all}, nil
	}
	chosen := make(map[string]string)
	for _, name := range in.AttributeNames {
		if value, ok := all[name]; ok {
			chosen[name] = value
		} else if name != "RedrivePolicy" { // absent where there is none
			return nil, &apiError{code: "com.amazonaws.sqs#InvalidAttributeName", query: "InvalidAttributeName", message: fmt.Sprintf("Unknown Attribute %s.", name)}
		}
	}
	return map[string]any{"Attributes": chosen}, nil
}

func (q *Queue) attributes() map[string]string {
	visible, inFlight, delayed := q.counts()
	attributes := map[string]string{
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(inFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
		"DelaySeconds":                          seconds(q.Delay),
		"MaximumMessageSize":                    strconv.Itoa(maxMessageSize),
		"MessageRetentionPeriod":                strconv.Itoa(retentionPeriod),
		"QueueArn":                              q.ARN(),
		"ReceiveMessageWaitTimeSeconds":         "0",
		"SqsManagedSseEnabled":                  "false",
		"VisibilityTimeout":                     seconds(q.VisibilityTimeout),
	}
	if age, ok := q.oldestAge(); ok { // on AWS a metric; there is no CloudWatch here
		attributes["ApproximateAgeOfOldestMessage"] = seconds(age)
	}
	if q.deadLetters != nil {
		policy, _ := json.Marshal(map[string]any{"deadLetterTargetArn": q.deadLetters.ARN(), "maxReceiveCount": q.MaxReceiveCount})
		attributes["RedrivePolicy"] = string(policy)
	}
	return attributes
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }

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
	messages, err := q.Receive(r.Context(), limit, visibility, wait)
	if err != nil {
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

type startMessageMoveTaskInput struct {
	SourceARN                    string `json:"SourceArn"`
	DestinationARN               string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond int
}

func (s *Service) startMessageMoveTask(_ *http.Request, in startMessageMoveTaskInput) (any, error) {
	source, err := s.queueByARN(in.SourceARN)
	if err != nil {
		return nil, err
	}
	var destination *Queue
	if in.DestinationARN != "" {
		if destination, err = s.queueByARN(in.DestinationARN); err != nil {
			return nil, err
		}
	}
	if in.MaxNumberOfMessagesPerSecond < 0 || in.MaxNumberOfMessagesPerSecond > moveBatch {
		return nil, invalidParameter("Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.")
	}
	t, err := s.startMoveTask(source, destination, in.MaxNumberOfMessagesPerSecond)
	if err != nil {
		return nil, &apiError{code: "com.amazonaws.sqs#UnsupportedOperation", query: "AWS.SimpleQueueService.UnsupportedOperation", message: err.Error()}
	}
	return map[string]string{"TaskHandle": t.handle}, nil
}

type listMessageMoveTasksInput struct {
	SourceARN  string `json:"SourceArn"`
	MaxResults int
}

type moveTaskResult struct {
	TaskHandle                        string `json:",omitempty"` // only of a task that is running
	Status                            string
	SourceARN                         string `json:"SourceArn"`
	DestinationARN                    string `json:"DestinationArn,omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64
}

func (s *Service) listMessageMoveTasks(_ *http.Request, in listMessageMoveTasksInput) (any, error) {
	source, err := s.queueByARN(in.SourceARN)
	if err != nil {
		return nil, err
	}
	tasks := s.moveTasks(source)
	results := []moveTaskResult{}
	for _, t := range tasks[:min(len(tasks), cmp.Or(in.MaxResults, 1), maxTasks)] {
		result := moveTaskResult{
			Status: t.status, SourceARN: t.source.ARN(), MaxNumberOfMessagesPerSecond: t.perSecond,
			ApproximateNumberOfMessagesMoved: t.moved, ApproximateNumberOfMessagesToMove: t.toMove,
			FailureReason: t.reason, StartedTimestamp: t.started.UnixMilli(),
		}
		if t.status == taskRunning {
			result.TaskHandle = t.handle
		}
		if t.destination != nil {
			result.DestinationARN = t.destination.ARN()
		}
		results = append(results, result)
	}
	return map[string]any{"Results": results}, nil
}
