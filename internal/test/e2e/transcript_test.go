package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// transcript is text that comes from several sides.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(text)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// lines are those that say something, each read as JSON.
func (t *transcript) lines(on *testing.T) []map[string]any {
	var all []map[string]any
	for line := range strings.Lines(t.String()) {
		var fields map[string]any
		require.NoError(on, json.Unmarshal([]byte(line), &fields), "not JSON: %s", line)
		all = append(all, fields)
	}
	return all
}
