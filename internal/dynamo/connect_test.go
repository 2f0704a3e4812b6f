package dynamo

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestConnectLeavesAConnectionForTheNextCall(t *testing.T) {
	stub := &stubTable{}
	server := httptest.NewUnstartedServer(stub)
	var connections atomic.Int64
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	store := &Store{Client: NewClient(testConfig(), server.URL, Timing{Attempt: 10 * time.Second}), Table: tableName}
	defer store.Client.Options().HTTPClient.(*http.Client).CloseIdleConnections()

	store.Connect(t.Context())
	require.EqualValues(t, 1, connections.Load())
	_, err := store.Create(t.Context(), newOrder())
	require.NoError(t, err)
	require.EqualValues(t, 1, connections.Load(), "the call found it")
}

func TestConnectAsksAWSUnsigned(t *testing.T) {
	var asked *http.Request
	store := &Store{Client: NewClient(testConfig(), "", Timing{}), Table: tableName}
	store.Client.Options().HTTPClient.(*http.Client).Transport = unconnected{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		_, _ = io.WriteString(w, "healthy")
	})}
	store.Connect(t.Context())
	require.Equal(t, "https://dynamodb.eu-west-1.amazonaws.com", asked.URL.String())
	require.Equal(t, http.MethodGet, asked.Method)
	require.Empty(t, asked.Header.Get("Authorization"))
}

func TestConnectGivesUpSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stub := &stubTable{faults: []fault{hanging}}
		began := time.Now()
		newUnconnectedStore(stub).Connect(t.Context())
		require.LessOrEqual(t, time.Since(began), attemptTimeout)
	})
	(&Store{Client: NewClient(testConfig(), "http://127.0.0.1:1", Timing{}), Table: tableName}).Connect(t.Context())
}
