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

// An Entry is one valid entry of PutEvents.
type Entry struct {
	// Bus is the name of the bus, "default" if the client named none.
	Bus string
	// Source and DetailType are never empty.
	Source, DetailType string
	// Time is the client's, to the millisecond, or the time of the request; UTC.
	Time time.Time
	// Resources may be nil.
	Resources []string
	// Detail is a JSON object, as the client wrote it.
	Detail json.RawMessage
	// TraceHeader is the client's X-Ray header, or empty.
	TraceHeader string
}

// Events is the bus behind PutEvents.
type Events interface {
	// Put accepts an event and returns its ID, or an error if the client should retry the entry. It
	// does not wait for deliveries. The entries of one request are put in their order; requests are
	// concurrent.
	Put(entry Entry) (eventID string, err error)
}

type putEventsInput struct {
	Entries []putEventsEntry
}

type putEventsEntry struct {
	Source, DetailType, Detail string
	EventBusName               *string
	Time                       *json.Number
	Resources                  []string
	TraceHeader                string
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []putEventsResult
}

type putEventsResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// putEvents rejects a request as a whole or puts its valid entries. Nothing is put before
// everything is checked.
func (e *Endpoints) putEvents(input putEventsInput) (putEventsOutput, error) {
	if err := checkEntries(input.Entries); err != nil {
		return putEventsOutput{}, err
	}
	entries := make([]Entry, len(input.Entries))
	for i, in := range input.Entries {
		entry, err := e.entry(in)
		if err != nil {
			return putEventsOutput{}, err
		}
		entries[i] = entry
	}
	var output putEventsOutput
	for _, entry := range entries {
		result := e.put(entry)
		if result.ErrorCode != "" {
			output.FailedEntryCount++
		}
		output.Entries = append(output.Entries, result)
	}
	return output, nil
}

// checkEntries returns an error that fails the whole request.
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
		return &apiError{http.StatusBadRequest, "ValidationException", "Total size of the entries in the request is over the limit."}
	}
	return nil
}

// size returns the size as EventBridge documents it: 14 bytes for a time, and the UTF-8 length of
// the other parts.
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

// epoch returns the time of the seconds since 1970, fractions included, that AWS clients send.
// Years after 9999, which RFC 3339 does not have, are errors.
func epoch(seconds json.Number) (time.Time, error) {
	const end = 253402300800 // the year 10000
	since, err := seconds.Float64()
	if err != nil || since < 0 || since >= end {
		return time.Time{}, &apiError{http.StatusBadRequest, "SerializationException", "Time is not a number of seconds since 1970."}
	}
	return time.UnixMilli(int64(math.Round(since * 1000))).UTC(), nil
}

func (e *Endpoints) put(entry Entry) putEventsResult {
	if invalid := validate(entry); invalid.ErrorCode != "" {
		return invalid
	}
	id, err := e.Events.Put(entry)
	if err != nil {
		return putEventsResult{ErrorCode: "InternalFailure", ErrorMessage: "The event could not be stored."}
	}
	return putEventsResult{EventID: id}
}

// validate returns EventBridge's error for an entry that is not a valid event, or the zero result.
func validate(entry Entry) putEventsResult {
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
