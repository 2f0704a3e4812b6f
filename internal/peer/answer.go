package peer

import (
	"encoding/json"
	"errors"
)

// An answer is the JSON object that a peer answered with. Its names are case-sensitive, unlike those of a struct read
// by encoding/json: a peer that says {"OK": true} has not said {"ok": true}.
type answer map[string]json.RawMessage

// parseAnswer reads an object that fills the whole text. Its errors say nothing of the text: encoding/json's would
// quote it.
func parseAnswer(text []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(text, &a); err != nil || a == nil { // null leaves it nil
		return nil, errors.New("answered with something other than a JSON object")
	}
	return a, nil
}

// verdict is nil if the answer's ok is true, and the refusal if it is false. A peer that says neither has not been
// asked successfully.
func verdict(a answer, refusal string) error {
	switch string(a["ok"]) {
	case "true":
		return nil
	case "false":
		return refused(refusal)
	}
	return errors.New("answered without a boolean ok")
}
