package local

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRecentLogs(t *testing.T) {
	var out strings.Builder
	logs := newRecentLogs(&out)
	lines := []string{`{"requestId":"a","message":"1"}`, `{"message":"2"}`, `not JSON`, `{"requestId":"b"}`, `{"requestId":"a","message":"3"}`}
	for _, line := range lines {
		_, err := logs.Write([]byte(line + "\n"))
		require.NoError(t, err)
	}
	require.Equal(t, strings.Join(lines, "\n")+"\n", out.String())
	require.Equal(t, lines[0]+"\n"+lines[4]+"\n", string(logs.lines("a")))
	require.Empty(t, logs.lines("c"))

	for i := range maxLogLines {
		_, err := fmt.Fprintf(logs, `{"requestId":"%d"}`, i)
		require.NoError(t, err)
	}
	require.Empty(t, logs.lines("a"))
	require.Len(t, logs.kept, maxLogLines)
	require.Len(t, logs.order, maxLogLines)
}
