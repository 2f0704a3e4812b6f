package strictjson

import (
	"bytes"
	"encoding/json"
)

// Marshal returns v as JSON without HTML escaping: <, > and & stay as they are, because an event
// must not outgrow its size limit by the way it is written.
func Marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
