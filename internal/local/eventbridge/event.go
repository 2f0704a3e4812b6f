package eventbridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// account is the AWS account that every local event claims to come from.
const account = "000000000000"

// Event is an EventBridge event. Its JSON is what targets receive; time is in UTC with whole seconds and resources is
// never null.
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

// encode writes the event as targets receive it. It fails when detail is no JSON or the year has not four digits.
func (e Event) encode() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	// The detail arrives as it was put: escaping would change its text and, against the size limits, its length.
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
