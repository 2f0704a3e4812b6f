package load

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fullRun returns a run with one of everything that can be drawn.
func fullRun() *run {
	start := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	r := &run{
		scenario: scenario{name: "<a & b>", what: "it's \"drawn\"", window: &window{length: time.Second}, bar: bar{p99: 100 * time.Millisecond}},
		rate:     2, start: start, length: 12 * time.Second,
	}
	for i, v := range []verdict{created, replayed, unavailable, invalid, unanswered} {
		due, latency := start.Add(time.Duration(i)*time.Second), time.Duration(i)*5*time.Second
		r.responses = append(r.responses, response{due: due, latency: latency, verdict: v})
	}
	for i, kind := range []faultKind{stall, serverError, reset, throttle, silence} {
		r.faults = append(r.faults, injectedFault{start.Add(time.Duration(i-1) * 5 * time.Second), "users", kind})
	}
	for i := range 20 {
		at := start.Add(time.Duration(i) * time.Second)
		r.samples = append(r.samples, sample{at: at, rss: 1 << 20, liveHeap: int64(i) << 10, goroutines: 10 + i})
	}
	return r
}

// elements reads a document to its end and returns the attributes of its elements, by name, and
// all text.
func elements(t *testing.T, document []byte) (found map[string][]map[string]string, text string) {
	t.Helper()
	found = map[string][]map[string]string{}
	for decoder := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found, text
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			attributes := map[string]string{}
			for _, a := range e.Attr {
				attributes[a.Name.Local] = a.Value
			}
			found[e.Name.Local] = append(found[e.Name.Local], attributes)
		case xml.CharData:
			text += string(e)
		}
	}
}

func TestAPlotIsXMLAndShowsEverything(t *testing.T) {
	for _, soak := range []bool{false, true} {
		r := fullRun()
		r.soak = soak
		found, text := elements(t, r.plot())
		require.Len(t, found["svg"], 1)
		require.Contains(t, text, `<a & b>: it's "drawn"`)
		curves := 2
		if soak {
			curves += 4
		}
		require.Len(t, found["polyline"], curves)
		shown := 0
		for _, path := range found["path"] {
			shown += strings.Count(path["d"], "M")
		}
		require.Equal(t, 10, shown, "every request and every fault")
		require.Equal(t, soak, strings.Contains(text, "goroutines"))
	}
}

func TestAPlotDrawsNothingOutsideOfItself(t *testing.T) {
	r := fullRun()
	r.soak = true
	found, _ := elements(t, r.plot())
	height, err := strconv.ParseFloat(found["svg"][0]["height"], 64)
	require.NoError(t, err)
	inside := func(x, y string) {
		at, err := strconv.ParseFloat(x, 64)
		require.NoError(t, err)
		require.True(t, 0 <= at && at <= plotWidth, x)
		at, err = strconv.ParseFloat(y, 64)
		require.NoError(t, err)
		require.True(t, 0 <= at && at <= height, y)
	}
	for _, e := range found["text"] {
		inside(e["x"], e["y"])
	}
	for _, e := range found["path"] {
		for move := range strings.SplitSeq(strings.TrimPrefix(e["d"], "M"), "M") {
			x, rest, _ := strings.Cut(move, " ")
			inside(x, strings.FieldsFunc(rest, func(r rune) bool { return r == 'h' || r == 'v' })[0])
		}
	}
	for _, e := range found["polyline"] {
		for pair := range strings.FieldsSeq(e["points"]) {
			x, y, _ := strings.Cut(pair, ",")
			inside(x, y)
		}
	}
}

func TestManyRequestsAreShownByTheirPercentilesAlone(t *testing.T) {
	r := fullRun()
	r.faults = nil
	for range mostDots {
		r.responses = append(r.responses, response{due: r.start, latency: time.Second, verdict: created})
	}
	found, _ := elements(t, r.plot())
	require.Empty(t, found["path"])
	require.Len(t, found["polyline"], 2)
}

func TestSlowerIsHigher(t *testing.T) {
	require.InDelta(t, panelLow, yOf(time.Millisecond), 0.01)
	require.InDelta(t, panelTop, yOf(10*time.Second), 0.01)
	require.InDelta(t, (panelLow+panelTop)/2, yOf(100*time.Millisecond), 0.01, "the scale is logarithmic")
	require.InDelta(t, panelTop, yOf(time.Hour), 0.01)
	require.InDelta(t, panelLow, yOf(0), 0.01)
}
