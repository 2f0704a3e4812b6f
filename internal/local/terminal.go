package local

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/term"

	"orders/internal/local/console"
)

// A terminal writes one short line for each thing that happens: time, order, what, and how long it
// took. It is safe for concurrent use.
type terminal struct {
	out   io.Writer
	color bool

	mu sync.Mutex
}

// newTerminal returns the terminal for the settings' log format, or nil if the log stays JSON.
func newTerminal(settings Settings, log io.Writer) *terminal {
	file, _ := log.(*os.File)
	interactive := file != nil && term.IsTerminal(int(file.Fd()))
	if settings.LogFormat == "json" || settings.LogFormat != "short" && !interactive {
		return nil
	}
	return &terminal{out: log, color: interactive}
}

// Write writes a log line, which is JSON. Metrics are left out, and so is what the line of a
// request says.
func (t *terminal) Write(line []byte) (int, error) {
	var fields map[string]any
	if json.Unmarshal(line, &fields) != nil {
		return t.out.Write(line)
	}
	text := func(name string) string { s, _ := fields[name].(string); return s }
	if _, metrics := fields["_aws"]; metrics || text("message") == "order created" || text("message") == "order replayed" {
		return len(line), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text("timestamp"))
	if err != nil {
		at = time.Now()
	}
	what := text("message")
	for _, name := range []string{"detailType", "effect", "peer", "reason", "result", "queue", "error"} {
		if value := text(name); value != "" {
			what += " " + name + "=" + value
		}
	}
	took := ""
	if milliseconds, ok := fields["milliseconds"].(float64); ok {
		took = t.paint(dim, fmt.Sprintf("%.0f ms", milliseconds))
	}
	t.print(at, text("orderId"), what, took, map[string]string{"ERROR": red, "WARN": yellow}[text("level")])
	return len(line), nil
}

var orderIDInPath = regexp.MustCompile(`[0-9a-fA-F-]{36}`)

// request writes the line of a request to the API.
func (t *terminal) request(h console.HTTPRequest, location string) {
	color := green
	switch {
	case h.Status >= 500:
		color = red
	case h.Status >= 400:
		color = yellow
	}
	orderID := orderIDInPath.FindString(h.Path + " " + location)
	path := h.Path
	if orderID != "" {
		path = strings.Replace(path, orderID, "…", 1) // it has a column of its own
	}
	took := fmt.Sprintf("%.1f ms", float64(h.Duration.Microseconds())/1000)
	t.print(h.Start, orderID, h.Method+" "+path, t.paint(color, fmt.Sprint(h.Status))+"  "+t.paint(dim, took), "")
}

// event writes the line of an event on the bus.
func (t *terminal) event(source, detailType, orderID string) {
	t.print(time.Now(), orderID, detailType+" on the bus, from "+source, "", "")
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	dim    = "\x1b[2m"
	normal = "\x1b[0m"
)

func (t *terminal) paint(color, text string) string {
	if !t.color || color == "" {
		return text
	}
	return color + text + normal
}

// maxLine bounds what is written of a path or an error that others chose.
const maxLine = 160

// print writes a line; color is that of what.
func (t *terminal) print(at time.Time, orderID, what, took, color string) {
	what = printable(what)
	if runes := []rune(what); len(runes) > maxLine {
		what = string(runes[:maxLine]) + "…"
	}
	if color != "" {
		what = t.paint(color, what)
	}
	line := t.paint(dim, at.Local().Format("15:04:05.000")) + "  " + fmt.Sprintf("%-8.8s", printable(orderID)) + "  " + what
	if took != "" {
		line += "  " + took
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.out, line+"\n") // like a log, it has nowhere to report an error
}

// printable replaces control characters, with which a path could change the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\ufffd'
		}
		return r
	}, text)
}
