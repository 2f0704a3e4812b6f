package lambdaruntime

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"github.com/stretchr/testify/require"
)

// A process does nothing while it is being throttled, however long that takes.
func TestProcessIsStoppedWhileItIsThrottled(t *testing.T) {
	child := exec.Command("sleep", "60")
	require.NoError(t, child.Start())
	defer child.Wait()
	defer child.Process.Kill()
	state := func() string {
		process, err := procfs.NewProc(child.Process.Pid)
		require.NoError(t, err)
		stat, err := process.Stat()
		require.NoError(t, err)
		return stat.State
	}

	group := throttle{t.TempDir()}
	list := filepath.Join(group.folder, "cgroup.procs")
	require.NoError(t, syscall.Mkfifo(list, 0o600)) // a write to it waits for a reader
	applied := make(chan error)
	go func() { applied <- group.apply(child.Process.Pid) }()
	require.Eventually(t, func() bool { return state() == "T" }, 10*time.Second, time.Millisecond)
	written, err := os.ReadFile(list)
	require.NoError(t, err)
	require.NotEmpty(t, written)
	require.NoError(t, <-applied)
	require.Eventually(t, func() bool { return state() != "T" }, 10*time.Second, time.Millisecond)
}
