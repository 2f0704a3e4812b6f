package lambdaruntime_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
)

// A function has its share of a CPU from its first request for an event on, and not before.
func TestThrottling(t *testing.T) {
	if err := lambdaruntime.CanThrottle(); err != nil {
		t.Skipf("left out: %v", err)
	}
	f, log := start(t, func(o *lambdaruntime.Options) {
		o.CPU, o.Env = 0.25, map[string]string{"START": "print groups"}
	})
	group := regexp.MustCompile(`/lambdaruntime-\d+-\d+`)
	printed := func() bool { return strings.Contains(log.String(), "groups: ") }
	require.Eventually(t, printed, time.Minute, time.Millisecond) // output is copied concurrently
	require.NotRegexp(t, group, log.String())
	name := group.FindString(invoke(t, f, `{"do":"groups"}`))
	require.NotEmpty(t, name)

	quota, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/cpu", name, "cpu.cfs_quota_us"))
	if err != nil {
		quota, err = os.ReadFile(filepath.Join("/sys/fs/cgroup", name, "cpu.max"))
	}
	require.NoError(t, err)
	require.Equal(t, "5000", strings.Fields(string(quota))[0], "microseconds of 20,000")

	f.Close()
	require.NoDirExists(t, filepath.Join("/sys/fs/cgroup/cpu", name))
	require.NoDirExists(t, filepath.Join("/sys/fs/cgroup", name))
}

func TestFunctionsAreUnthrottledByDefault(t *testing.T) {
	f, _ := start(t)
	require.NotContains(t, invoke(t, f, `{"do":"groups"}`), "lambdaruntime-")
}
