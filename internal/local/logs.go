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

// about returns the kept lines about an order, oldest first. Metrics are left out.
func (l *recentLogs) about(orderID string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []string{}
	next := map[string]int{} // the index of the next line of an invocation
	for _, requestID := range l.order {
		line := l.kept[requestID][next[requestID]]
		next[requestID]++
		if bytes.Contains(line, []byte(`"orderId":"`+orderID+`"`)) && bytes.Contains(line, []byte(`"level":`)) {
			found = append(found, string(bytes.TrimSpace(line)))
		}
	}
	return found
}
