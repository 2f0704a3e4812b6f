package eventbridge

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"orders/internal/strictjson"
)

// account is the AWS account of every local event.
const account = "000000000000"

// An Event is an EventBridge event. Its JSON is what targets receive: time is in UTC with whole
// seconds and resources is never null.
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// encode returns the event as targets receive it. It fails if detail is not JSON or the year does
// not have four digits.
func (e Event) encode() ([]byte, error) {
	data, err := strictjson.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return data, nil
}

// A Pattern selects events: every field that is not empty must contain the event's value. These are
// the parts of EventBridge's patterns that the service's rules use. The zero Pattern matches every
// event.
type Pattern struct {
	Source     []string
	DetailType []string
}

// Matches reports whether a rule with this pattern receives the event.
func (p Pattern) Matches(e Event) bool {
	return matches(p.Source, e.Source) && matches(p.DetailType, e.DetailType)
}

func matches(allowed []string, value string) bool {
	return len(allowed) == 0 || slices.Contains(allowed, value)
}
