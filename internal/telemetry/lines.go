package telemetry

import (
	"io"
	"sync"
)

// LineWriter lets a logger and metrics share one destination. Both write a
// whole line at a time, so that one Write after the other is all it takes to
// keep lines whole. The standard output does that by itself; a buffer or a pipe
// in a test does not.
type LineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLineWriter returns a LineWriter to w.
func NewLineWriter(w io.Writer) *LineWriter {
	return &LineWriter{w: w}
}

// Write passes line on when no other Write is under way.
func (l *LineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}
