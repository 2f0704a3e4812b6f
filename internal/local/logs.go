package local

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
)

// maxLogLines is the number of log lines that are kept.
const maxLogLines = 10_000

// A recentLogs passes on log lines and keeps the last ones, by the request ID of their invocation.
// It is safe for concurrent use.
type recentLogs struct {
	next io.Writer

	mu    sync.Mutex
	order []string // request IDs of the kept lines, oldest first
	kept  map[string][][]byte
}

func newRecentLogs(next io.Writer) *recentLogs {
	return &recentLogs{next: next, kept: map[string][][]byte{}}
}

// Write writes one line.
func (l *recentLogs) Write(line []byte) (int, error) {
	var fields struct {
		RequestID string `json:"requestId"`
	}
	if json.Unmarshal(line, &fields) == nil && fields.RequestID != "" {
		l.keep(fields.RequestID, bytes.Clone(line))
	}
	return l.next.Write(line)
}

func (l *recentLogs) keep(requestID string, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.order) == maxLogLines {
		oldest := l.order[0]
		l.order = l.order[1:]
		if l.kept[oldest] = l.kept[oldest][1:]; len(l.kept[oldest]) == 0 {
			delete(l.kept, oldest)
		}
	}
	l.order = append(l.order, requestID)
	l.kept[requestID] = append(l.kept[requestID], line)
}

// lines returns the kept lines of an invocation.
func (l *recentLogs) lines(requestID string) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Join(l.kept[requestID], nil)
}
