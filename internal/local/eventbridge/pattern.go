package eventbridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Pattern selects events: every field that is given must hold the event's value. It is the part of EventBridge's
// patterns that the service's rules use, lists of exact strings for source and detail-type.
//
// The zero Pattern, which EventBridge would not take, matches every event; it cannot be read from JSON or YAML.
type Pattern struct {
	Source     []string `json:"source,omitempty"`
	DetailType []string `json:"detail-type,omitempty"`
}

// Matches tells whether a rule with this pattern receives the event.
func (p Pattern) Matches(e Event) bool {
	return matches(p.Source, e.Source) && matches(p.DetailType, e.DetailType)
}

func matches(allowed []string, value string) bool {
	return len(allowed) == 0 || slices.Contains(allowed, value)
}

// UnmarshalJSON reads a pattern in EventBridge's form. It refuses whatever this bus would not honour (other fields,
// prefix and similar matchers), because a rule that silently matched more or less than on AWS would hide its faults.
func (p *Pattern) UnmarshalJSON(text []byte) error {
	var fields map[string][]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return fmt.Errorf("event pattern: %w", err)
	}
	return p.set(fields)
}

// UnmarshalYAML reads the same form from YAML, with the same refusals; YAML packages call it.
func (p *Pattern) UnmarshalYAML(unmarshal func(any) error) error {
	var fields map[string][]any
	if err := unmarshal(&fields); err != nil {
		return fmt.Errorf("event pattern: %w", err)
	}
	return p.set(fields)
}

func (p *Pattern) set(fields map[string][]any) error {
	if len(fields) == 0 {
		return fmt.Errorf("event pattern: is empty")
	}
	var read Pattern
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		values, err := exactStrings(fields[name])
		if err != nil {
			return fmt.Errorf("event pattern: %s: %w", name, err)
		}
		switch name {
		case "source":
			read.Source = values
		case "detail-type":
			read.DetailType = values
		default:
			return fmt.Errorf("event pattern: %s: only source and detail-type are understood here", name)
		}
	}
	*p = read
	return nil
}

func exactStrings(list []any) ([]string, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("is not a list of strings, or an empty one")
	}
	values := make([]string, 0, len(list))
	for _, item := range list {
		value, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("only exact strings are understood here")
		}
		values = append(values, value)
	}
	return values, nil
}
