package local

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheConditionOfTheProcessIsShown(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, text)

	var shown struct {
		Goroutines    int
		LiveHeapBytes *int64
		Peers         []struct {
			Peer  string
			Calls int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/runtime")), &shown))
	require.Positive(t, shown.Goroutines)
	require.NotNil(t, shown.LiveHeapBytes)
	require.Len(t, shown.Peers, 4)
	for _, peer := range shown.Peers {
		require.Equal(t, 1, peer.Calls, peer.Peer)
	}
}
