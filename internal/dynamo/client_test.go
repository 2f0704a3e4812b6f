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

func TestConnectOpensTheConnectionOfTheNextCall(t *testing.T) {
	table := &fakeTable{}
	server := httptest.NewUnstartedServer(table)
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
	require.EqualValues(t, 1, connections.Load(), "the call uses it")
}

func TestConnectSendsAWSAnUnsignedRequest(t *testing.T) {
	var sent *http.Request
	store := &Store{Client: NewClient(testConfig(), "", Timing{}), Table: tableName}
	store.Client.Options().HTTPClient.(*http.Client).Transport = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r
		_, _ = io.WriteString(w, "healthy")
	})}
	store.Connect(t.Context())
	require.Equal(t, "https://dynamodb.eu-west-1.amazonaws.com", sent.URL.String())
	require.Equal(t, http.MethodGet, sent.Method)
	require.Empty(t, sent.Header.Get("Authorization"))
}

func TestConnectReportsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := &fakeTable{faults: []fault{hang}}
		start := time.Now()
		newInProcessStore(table).Connect(t.Context())
		require.LessOrEqual(t, time.Since(start), connectTimeout)
	})
	(&Store{Client: NewClient(testConfig(), "http://127.0.0.1:1", Timing{}), Table: tableName}).Connect(t.Context())
}
