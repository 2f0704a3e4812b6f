package local

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/local/eventbridge"
)

// reportedWithin bounds the time until a missing dependency is reported.
const reportedWithin = 10 * time.Second

// requireStartFails requires that the service does not start, and says why.
func requireStartFails(t *testing.T, settings Settings, reasons ...string) {
	t.Helper()
	settings.DynamoDB, settings.Region = true, "eu-west-1"
	s, err := Start(t.Context(), settings, io.Discard)
	if err == nil {
		closeService(t, s)
	}
	for _, reason := range reasons {
		require.ErrorContains(t, err, reason)
	}
}

func TestMissingEndpointIsReported(t *testing.T) {
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections, and never responds
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, hanging.Close()) })
	for name, endpoint := range map[string]string{
		"nothing listens": "http://127.0.0.1:1",
		"no response":     "http://" + hanging.Addr().String(),
		"not DynamoDB":    httpServer(t, "<html>Welcome</html>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			requireStartFails(t, Settings{DynamoDBEndpoint: endpoint, DataFolder: t.TempDir()}, "DYNAMODB_ENDPOINT="+endpoint, "no valid response from DynamoDB: ")
			require.Less(t, time.Since(start), reportedWithin)
		})
	}
}

func httpServer(t *testing.T, body string) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestDataFolderIsLocked(t *testing.T) {
	folder := t.TempDir()
	var opened closers
	require.NoError(t, lockData(t.Context(), folder, &opened))
	for _, endpoint := range []string{"", "http://127.0.0.1:1"} {
		start := time.Now()
		requireStartFails(t, Settings{DataFolder: folder, DynamoDBEndpoint: endpoint}, "DATA="+folder+": another process is using it")
		require.Less(t, time.Since(start), reportedWithin)
	}
	require.NoError(t, opened.close())
	require.NoError(t, lockData(t.Context(), folder, &opened))
	require.NoError(t, opened[len(opened)-1]())
}

func TestUnusableDataFolderIsReported(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	requireStartFails(t, Settings{DataFolder: taken}, "DATA="+taken+": ")
	for _, name := range []string{eventsFile, lockFile} {
		folder := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o700))
		requireStartFails(t, Settings{DataFolder: folder}, "DATA="+folder+": ", name)
	}
}

func TestFullDataFolderIsNamed(t *testing.T) {
	folder := t.TempDir()
	var opened closers
	journal, _, err := openEvents(folder, &opened)
	require.NoError(t, err)
	require.NoError(t, journal.Append(eventbridge.Event{ID: "1", Detail: json.RawMessage("{}")}))
	require.NoError(t, opened.close()) // from now on every write fails
	require.ErrorContains(t, journal.Append(eventbridge.Event{ID: "2", Detail: json.RawMessage("{}")}), "DATA="+folder+": append to journal: ")
}

// onData starts a service whose data is in a folder.
func onData(t *testing.T, folder string) (*Service, *client) {
	return start(t, func(s *Settings) { s.DynamoDB, s.DataFolder = true, folder })
}

// These share the data of one order, and start DynamoDB Local one after another.
func TestData(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	data := t.TempDir()
	s, c := onData(t, data)
	c.signIn(t)
	status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, text)
	for deadline := time.Now().Add(time.Minute); !strings.Contains(c.get(t, "/orders?limit=1"), "FULFILLED"); time.Sleep(50 * time.Millisecond) {
		require.Less(t, time.Now(), deadline)
	}
	closeService(t, s)
	for name, test := range map[string]func(t *testing.T, folder string){
		"truncated database is reported": func(t *testing.T, folder string) {
			testDamage(t, folder, func(intact []byte) []byte { return intact[:len(intact)-1024] })
		},
		"garbage in the database is reported": func(t *testing.T, folder string) {
			testDamage(t, folder, func([]byte) []byte { return []byte(strings.Repeat("garbage!", 5000)) })
		},
		"impossible checkpoint is reported":    testImpossibleCheckpoint,
		"the end of DynamoDB Local is noticed": testEndOfDynamoDBLocal,
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.CopyFS(folder, os.DirFS(data)))
			test(t, folder)
		})
	}
}

func testDamage(t *testing.T, folder string, damage func(intact []byte) []byte) {
	file := filepath.Join(folder, databaseFolder, "shared-local-instance.db")
	intact, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, damage(intact), 0o600))
	requireStartFails(t, Settings{DataFolder: folder}, "DATA="+folder, "move that folder away", "no valid response from DynamoDB")
}

func testImpossibleCheckpoint(t *testing.T, folder string) {
	files, err := filepath.Glob(filepath.Join(folder, "checkpoints-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	const impossible = `"after": "000000000000000009999"`
	text = regexp.MustCompile(`"after": "\d+"`).ReplaceAll(text, []byte(impossible))
	require.Contains(t, string(text), impossible)
	require.NoError(t, os.WriteFile(files[0], text, 0o600))
	requireStartFails(t, Settings{DataFolder: folder}, "DATA="+folder, `"000000000000000009999" is impossible`, "remove "+files[0])
}

func testEndOfDynamoDBLocal(t *testing.T, folder string) {
	s, _ := onData(t, folder)
	require.NoError(t, syscall.Kill(serverOf(t, folder), syscall.SIGKILL))
	select {
	case err := <-s.Failed():
		require.ErrorContains(t, err, "DynamoDB Local ended")
	case <-time.After(reportedWithin):
		require.Fail(t, "not noticed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = s.Close(ctx)
}

// serverOf returns the process ID of the DynamoDB Local that has its data in a folder.
func serverOf(t *testing.T, folder string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, line := range lines {
		arguments, err := os.ReadFile(line)
		if errors.Is(err, os.ErrNotExist) {
			continue // it has ended
		}
		if strings.HasPrefix(string(arguments), "java\x00") && strings.Contains(string(arguments), filepath.Join(folder, databaseFolder)) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
			require.NoError(t, err)
			return pid
		}
	}
	require.Fail(t, "no DynamoDB Local")
	return 0
}
