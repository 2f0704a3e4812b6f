package load

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAShortRun is the whole: the service in its own process, its neighbours, the orders, the proof and the plot. What
// it measures is not looked at, since tests run on machines that are busy with others.
func TestAShortRun(t *testing.T) {
	for _, options := range []Options{
		{Scenario: "none", Rate: 50, Seconds: 2, Runs: 1},
		{Scenario: "throttle", Rate: 50, Seconds: 1, Runs: 1},
		{Scenario: "hostile", Rate: 50, Seconds: 1, Runs: 1},
	} {
		t.Run(options.Scenario, func(t *testing.T) {
			t.Parallel()
			options.Folder = t.TempDir()
			var out bytes.Buffer
			require.NoError(t, Run(t.Context(), options, &out), out.String())
			require.Contains(t, out.String(), "0 wrong or none")
			require.Contains(t, out.String(), "0 lost")
			require.Contains(t, out.String(), "| "+options.Scenario+" | 50/s |")
			plot, err := os.ReadFile(filepath.Join(options.Folder, "load-"+options.Scenario+".svg"))
			require.NoError(t, err)
			elements(t, plot)
		})
	}
}

func TestAServiceThatDoesNotStartIsAnError(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	_, err := startService(t.Context(), []string{"PORT=none"}, log)
	require.ErrorContains(t, err, "the service did not start")
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Contains(t, string(text), "PORT")
}

func TestOptions(t *testing.T) {
	o, err := ParseOptions(nil)
	require.NoError(t, err)
	require.Equal(t, Options{Rate: 200, Seconds: 60, Runs: 1, Folder: ".build"}, o)
	o, err = ParseOptions([]string{"-scenario=stalls", "-rate=100", "-seconds=600", "-runs=3", "-soak", "-folder=out"})
	require.NoError(t, err)
	require.Equal(t, Options{Scenario: "stalls", Rate: 100, Seconds: 600, Runs: 3, Soak: true, Folder: "out"}, o)
	for args, told := range map[string]string{
		"-scenario=rain": `no scenario "rain", only drain, none, stalls, errors, throttle, hostile, down`,
		"-rate=0":        "rate",
		"-seconds=0":     "seconds",
		"-seconds=3001":  "seconds",
		"-runs=0":        "runs",
		"-rate=x":        "invalid value",
		"-soak":          "one scenario",
		"stalls":         `no argument "stalls"`,
	} {
		_, err := ParseOptions([]string{args})
		require.ErrorContains(t, err, told)
	}
	_, err = ParseOptions([]string{"-soak", "-scenario=throttle"})
	require.ErrorContains(t, err, "own memory")
}

func TestAnOutageIsInTheMiddle(t *testing.T) {
	for length, want := range map[int][2]int{60: {25, 35}, 9: {3, 6}, 600: {295, 305}} {
		from, to := scenario{outage: true}.window(seconds(length))
		require.Equal(t, [2]int{int(from.Seconds()), int(to.Seconds())}, want)
	}
	from, to := scenario{}.window(seconds(60))
	require.Zero(t, from)
	require.Zero(t, to)
}

func TestWhatIsUsedIsRead(t *testing.T) {
	before, err := readUsage(os.Getpid())
	require.NoError(t, err)
	after, err := readUsage(os.Getpid())
	require.NoError(t, err)
	used := after.since(before)
	require.GreaterOrEqual(t, used.service, seconds(0))
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		require.Greater(t, after.rss, int64(1<<20))
		require.Positive(t, after.machine)
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
