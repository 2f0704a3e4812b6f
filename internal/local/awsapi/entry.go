package awsapi

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"time"
)

// EventBridge's limits on one request.
const (
	maxEntries     = 10
	maxEntriesSize = 1 << 20 // bytes
)

type putEventsEntry struct {
	Source, DetailType, Detail string
	EventBusName               *string
	Time                       *json.Number
	Resources                  []string
	TraceHeader                string
}

// checkEntries is what fails the request and not only an entry of it.
func checkEntries(entries []putEventsEntry) error {
	if len(entries) == 0 {
		return invalid("Value at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	if len(entries) > maxEntries {
		return invalid("Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	total := 0
	for _, entry := range entries {
		total += entry.size()
	}
	if total > maxEntriesSize {
		return &fault{http.StatusBadRequest, "ValidationException", "Total size of the entries in the request is over the limit."}
	}
	return nil
}

// size is counted as EventBridge documents it: 14 bytes for a time, the UTF-8
// length of all else that an event carries.
func (in putEventsEntry) size() int {
	size := len(in.Source) + len(in.DetailType) + len(in.Detail)
	if in.Time != nil {
		size += 14
	}
	for _, resource := range in.Resources {
		size += len(resource)
	}
	return size
}

var busName = regexp.MustCompile(`^(?:arn:aws[\w-]*:events:[a-z0-9-]+:\d{12}:event-bus/)?([.\-_A-Za-z0-9]+)$`)

func (e *Endpoints) entry(in putEventsEntry) (Entry, error) {
	entry := Entry{
		Bus:         "default",
		Source:      in.Source,
		DetailType:  in.DetailType,
		Time:        e.now().UTC(),
		Resources:   in.Resources,
		Detail:      json.RawMessage(in.Detail),
		TraceHeader: in.TraceHeader,
	}
	if in.EventBusName != nil {
		parts := busName.FindStringSubmatch(*in.EventBusName)
		if parts == nil {
			return Entry{}, invalid("Value at 'entries.eventBusName' failed to satisfy constraint: Member must be a bus's name or ARN")
		}
		entry.Bus = parts[1]
	}
	if in.Time != nil {
		at, err := epoch(*in.Time)
		if err != nil {
			return Entry{}, err
		}
		entry.Time = at
	}
	return entry, nil
}

// epoch reads the seconds since 1970 that AWS clients send, fractions
// included, between the years 1970 and 9999: what RFC 3339 can say.
func epoch(seconds json.Number) (time.Time, error) {
	const end = 253402300800 // the year 10000
	since, err := seconds.Float64()
	if err != nil || since < 0 || since >= end {
		return time.Time{}, &fault{http.StatusBadRequest, "SerializationException", "Time is no number of seconds since 1970."}
	}
	return time.UnixMilli(int64(math.Round(since * 1000))).UTC(), nil
}

// refuse answers why an entry cannot be an event, in the words of EventBridge,
// or nothing.
func refuse(entry Entry) putEventsResult {
	for _, required := range []struct{ name, value string }{
		{"Source", entry.Source},
		{"DetailType", entry.DetailType},
		{"Detail", string(entry.Detail)},
	} {
		if required.value == "" {
			return putEventsResult{
				ErrorCode:    "InvalidArgument",
				ErrorMessage: "Parameter " + required.name + " is not valid. Reason: " + required.name + " is a required argument.",
			}
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(entry.Detail, &object); err != nil || object == nil {
		return putEventsResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	return putEventsResult{}
}
