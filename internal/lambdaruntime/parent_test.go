package lambdaruntime_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
)

// beDoomedParent starts a function that shares its standard output, says so, and waits to be
// killed.
func beDoomedParent() {
	options := lambdaruntime.Options{Binary: os.Getenv(binaryVariable), Timeout: time.Hour, Log: os.Stdout}
	f, err := lambdaruntime.Start(context.Background(), options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("started")
	_, _ = f.Invoke(context.Background(), []byte(`{"do":"hang"}`))
	select {}
}

func TestTheFunctionDiesWithItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "DOOMED_PARENT=yes")
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	reader := bufio.NewReader(output)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "started\n", line)

	require.NoError(t, parent.Process.Kill())
	_, err = io.Copy(io.Discard, reader) // ends when nobody holds the output any more: parent and function are gone
	require.NoError(t, err)
	require.Error(t, parent.Wait())
}
