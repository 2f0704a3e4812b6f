package awsapi

import (
	"encoding/json"
	"time"
)

// Entry is one event as a client put it, checked.
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
	// Put takes an event over and answers the id that it gave it, or an error
	// when it could not and the client should put the entry again. Delivery
	// comes later and is not Put's to report. Entries of one request are put
	// one after the other, in their order; requests run at the same time.
	Put(entry Entry) (eventID string, err error)
}

type putEventsInput struct {
	Entries []putEventsEntry
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

// putEvents refuses a request as a whole or puts what is good of it: nothing
// is put before everything is checked.
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

func (e *Endpoints) put(entry Entry) putEventsResult {
	if refusal := refuse(entry); refusal.ErrorCode != "" {
		return refusal
	}
	id, err := e.Events.Put(entry)
	if err != nil {
		return putEventsResult{ErrorCode: "InternalFailure", ErrorMessage: "The event could not be taken over."}
	}
	return putEventsResult{EventID: id}
}
