package ops

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"orders/internal/handler"
	"orders/internal/order"
)

// The queues of dead letters, as operators name them.
const (
	UpdateDeadLetters = "updates" // fulfilment updates
	RecordDeadLetters = "records" // pointers to stream records
)

// The reasons of dead letters, besides EventBridge's error codes and the kinds of order.Error.
const (
	ReasonNone       = "would succeed"
	ReasonNotFound   = "order not found"
	ReasonUnreadable = "unreadable"
	ReasonExpired    = "expired" // the stream no longer has the record
	ReasonNoStream   = "no stream"
)

// typeRecord is the type of pointers to stream records.
const typeRecord = "record"

// A Letter is a dead letter. Its exported fields contain no personal data.
type Letter struct {
	Queue  string    `json:"queue"` // UpdateDeadLetters or RecordDeadLetters
	ID     string    `json:"id"`    // of the message
	Sent   time.Time `json:"sent"`  // when it was first sent: SQS keeps that when it moves a message to a dead-letter queue
	Type   string    `json:"type"`  // the detail-type, "record", or "unknown"
	Orders []string  `json:"orders"`
	Reason string    `json:"reason"`

	url     string // of the queue
	receipt string
	body    string
	batch   *handler.BatchInfo // of a pointer to stream records
}

// newLetter reads a message. What cannot be read has the type "unknown".
func newLetter(queue, url string, m types.Message) Letter {
	l := Letter{
		Queue: queue, ID: aws.ToString(m.MessageId), Sent: millis(m.Attributes["SentTimestamp"]), Type: "unknown",
		url: url, receipt: aws.ToString(m.ReceiptHandle), body: aws.ToString(m.Body),
	}
	var body struct {
		DetailType string             `json:"detail-type"`
		Resources  json.RawMessage    `json:"resources"`
		Batch      *handler.BatchInfo `json:"DDBStreamBatchInfo"`
		OrderID    string             `json:"orderId"` // table-update adds it to a pointer
	}
	if json.Unmarshal([]byte(l.body), &body) != nil {
		return l
	}
	if queue == RecordDeadLetters {
		if l.batch = body.Batch; l.batch != nil {
			l.Type = typeRecord
			l.Orders = validIDs([]string{body.OrderID})
		}
		return l
	}
	isType := func(e handler.FulfilmentEvent) bool { return e.DetailType == body.DetailType }
	if slices.ContainsFunc(handler.FulfilmentEvents(), isType) { // any other text may be anything
		l.Type = body.DetailType
	}
	var resources []string
	_ = json.Unmarshal(body.Resources, &resources) // an update without orders is unreadable
	l.Orders = validIDs(resources)
	if code := m.MessageAttributes["ERROR_CODE"].StringValue; code != nil {
		l.Reason = *code
	}
	return l
}

// validIDs returns the order IDs among texts. Any other text may be personal data.
func validIDs(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !order.ValidID(text) })
}

func millis(text string) time.Time {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

// A Filter selects dead letters. Empty fields select all.
type Filter struct {
	Queue  string
	Order  string
	Type   string
	Reason string
	Max    int // the largest number of letters; 0 means all
}

// Selective reports whether the filter selects letters by what is in them.
func (f Filter) Selective() bool { return f.Order != "" || f.Type != "" || f.Reason != "" || f.Max > 0 }

// matches reports whether the filter selects a letter, apart from Max.
func (f Filter) matches(l Letter) bool {
	return (f.Order == "" || slices.Contains(l.Orders, strings.ToLower(f.Order))) &&
		(f.Type == "" || strings.EqualFold(f.Type, l.Type)) &&
		(f.Reason == "" || strings.EqualFold(f.Reason, l.Reason))
}
