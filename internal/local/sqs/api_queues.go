package sqs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
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
