package local

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/console"
)

// A lockedBuffer is a buffer that a service writes while the test reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestTerminalHasALineForEachThingThatHappens(t *testing.T) {
	var out lockedBuffer
	settings, err := readSettings(map[string]string{"PORT": "0", "LOG_FORMAT": "short"})
	require.NoError(t, err)
	s, err := Start(t.Context(), settings, &out)
	require.NoError(t, err)
	defer closeService(t, s)
	c := &client{url: s.URL}
	status, _, err := c.do("GET", "/orders", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _, err = c.do("GET", "/nothing", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
	c.signIn(t)
	_, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	_, id, _ := strings.Cut(text, `"orderId":"`)
	id = id[:8]
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "effect=FULFILLED") }, 20*time.Second, 10*time.Millisecond)

	for _, line := range []string{
		`GET /orders  401  [\d.]+ ms`, `GET /nothing  403  [\d.]+ ms`, id + `  POST /orders  201  [\d.]+ ms`, id + `  OrderCreated on the bus, from ecommerce\.orders`,
		id + `  PackageCreated on the bus, from ecommerce\.warehouse`, id + `  fulfilment update applied detailType=DeliveryCompleted effect=FULFILLED`,
	} {
		require.Regexp(t, `(?m)^\d\d:\d\d:\d\d\.\d{3}  +`+line, out.String())
	}
	require.NotContains(t, out.String(), "{", "no JSON")
	require.NotContains(t, out.String(), "\x1b", "no colors but on a terminal")
}

func TestTerminalCannotBeChangedByAPath(t *testing.T) {
	var out bytes.Buffer
	(&terminal{out: &out, color: true}).request(console.HTTPRequest{Method: "GET", Path: "/\x1b[2J\n\r\x07" + strings.Repeat("x", 10_000), Status: 403}, "")
	line := out.String()
	require.Equal(t, 1, strings.Count(line, "\n"))
	require.Less(t, len(line), 500)
	for _, escape := range regexp.MustCompile(`\x1b\[[0-9]*[a-zA-Z]`).FindAllString(line, -1) {
		require.Contains(t, []string{dim, normal, yellow}, escape)
	}
}

func TestLogFormats(t *testing.T) {
	var out bytes.Buffer
	require.Nil(t, newTerminal(Settings{LogFormat: "auto"}, &out), "piped")
	require.Nil(t, newTerminal(Settings{LogFormat: "json"}, &out))
	require.NotNil(t, newTerminal(Settings{LogFormat: "short"}, &out))
}
