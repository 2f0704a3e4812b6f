package local

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// start returns a service on a free port, and a client. The caller must close the service.
func start(t *testing.T, edits ...func(*Settings)) (*Service, *client) {
	t.Helper()
	settings, err := readSettings(map[string]string{"PORT": "0"})
	require.NoError(t, err)
	for _, edit := range edits {
		edit(&settings)
	}
	s, err := Start(t.Context(), settings, io.Discard)
	require.NoError(t, err)
	c := &client{url: s.URL}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Transport = &http.Transport{ExpectContinueTimeout: time.Minute}
	t.Cleanup(c.CloseIdleConnections)
	return s, c
}

// closeService closes a service and requires success.
func closeService(t *testing.T, s *Service) {
	t.Helper()
	require.NoError(t, s.Close(t.Context()))
}

// requireNoLeaks requires that no goroutine outlives the test.
func requireNoLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// A client sends requests, once signed in as a user.
type client struct {
	http.Client
	url, bearer string
}

// do sends a request and returns the whole response.
func (c *client) do(method, path, body string) (status int, text string, err error) {
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	return c.send(request)
}

func (c *client) send(request *http.Request) (status int, text string, err error) {
	request.Header.Set("Authorization", c.bearer)
	response, err := c.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	return response.StatusCode, string(all), err
}

func (c *client) get(t *testing.T, path string) string {
	t.Helper()
	status, text, err := c.do("GET", path, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, text)
	return text
}

func (c *client) signIn(t *testing.T) {
	t.Helper()
	c.bearer = c.get(t, "/_local/token?sub="+sampleUser)
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	requireNoLeaks(t)
	s, c := start(t)
	c.signIn(t)
	status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, text)
	require.Eventually(t, func() bool { return strings.Contains(c.get(t, "/_local/events"), "OrderCreated") }, 10*time.Second, time.Millisecond)
	closeService(t, s) // while the warehouse is packing
}

func TestCloseOfAnUnusedService(t *testing.T) {
	requireNoLeaks(t)
	s, _ := start(t, func(s *Settings) { s.Fulfilment = false })
	closeService(t, s)
	closeService(t, s) // again
}

func TestPortIsFreedByClose(t *testing.T) {
	first, _ := start(t)
	_, text, err := net.SplitHostPort(strings.TrimPrefix(first.URL, "http://"))
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)

	_, err = Start(t.Context(), Settings{Port: port}, io.Discard)
	require.ErrorContains(t, err, "cannot listen on port "+text)
	closeService(t, first)

	second, c := start(t, func(s *Settings) { s.Port = port })
	defer closeService(t, second)
	require.Equal(t, first.URL, second.URL)
	require.JSONEq(t, `[]`, c.get(t, "/_local/events"))
}

func TestPathsAreNotRedirected(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	c.signIn(t)
	for _, path := range []string{"//orders", "/orders//", "/orders/../orders", "/./orders", "/_local/../orders", "/_local/peers/../../orders", "/orders/%2e%2e/orders", "/_local/unknown"} {
		status, text, err := c.do("GET", path, "")
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, status, path)
		require.JSONEq(t, `{"message":"Missing Authentication Token"}`, text, path)
	}
}

// sampleUser is a user whom the fake users service knows, as it knows every UUID.
const sampleUser = "11111111-2222-4333-8444-555555555555"
