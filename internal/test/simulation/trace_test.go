package simulation

import (
	"fmt"
	"strings"
	"time"
)

// A trace is what happened in a history, one line a step. It holds names, numbers and fates, and so is the same text
// whenever the same seed is played.
type trace struct {
	begun time.Time
	text  strings.Builder
}

func (t *trace) add(format string, values ...any) {
	fmt.Fprintf(&t.text, "%9.3f  ", time.Since(t.begun).Seconds())
	fmt.Fprintf(&t.text, format, values...)
	t.text.WriteByte('\n')
}

func (t *trace) String() string { return t.text.String() }
