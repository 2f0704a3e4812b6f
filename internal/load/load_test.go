package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb/dynamodbtest"
)

// The whole: the service in its own process, its peers, the orders, the proof and the plot. The
// figures are not checked, nor is how many orders need a retry, because tests run on busy machines.
func TestAShortRun(t *testing.T) {
	for _, options := range []Options{
		{Scenario: "none", Rate: 20, Seconds: 2, Runs: 1},
		{Scenario: "throttle", Rate: 20, Seconds: 1, Runs: 1},
		{Scenario: "slow-bus", Rate: 20, Seconds: 1, Runs: 1},
		{Scenario: "bad-gateway", Rate: 20, Seconds: 1, Runs: 1},
		{Scenario: "hostile", Rate: 20, Seconds: 1, Runs: 1},
	} {
		t.Run(options.Scenario, func(t *testing.T) {
			if options.Scenario == "throttle" {
				dynamodbtest.NeedsServer(t)
			}
			options.Folder = t.TempDir()
			var out bytes.Buffer
			require.NoError(t, Run(t.Context(), options, &out), out.String())
			tokens := options.Rate * options.Seconds
			require.Contains(t, out.String(), fmt.Sprintf("%d orders for %[1]d payment tokens", tokens))
			require.Contains(t, out.String(), "0 lost")
			require.Contains(t, out.String(), "| "+options.Scenario+" | 20/s |")
			plot, err := os.ReadFile(filepath.Join(options.Folder, "load-"+options.Scenario+".svg"))
			require.NoError(t, err)
			elements(t, plot)
		})
	}
}

func TestAServiceThatFailsToStartIsAnError(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	_, err := startService(t.Context(), []string{"PORT=none"}, log)
	require.ErrorContains(t, err, "the service failed to start")
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
	for args, want := range map[string]string{
		"-scenario=rain": `unknown scenario "rain": must be one of none, stalls, errors, rate-limited, bad-gateway, cold-peer, ` +
			`throttle, slow-table, slow-bus, hostile, down`,
		"-rate=0":       "rate",
		"-seconds=0":    "seconds",
		"-seconds=3001": "seconds",
		"-runs=0":       "runs",
		"-rate=x":       "invalid value",
		"-soak":         "one scenario",
		"stalls":        `unknown argument "stalls"`,
	} {
		_, err := ParseOptions([]string{args})
		require.ErrorContains(t, err, want)
	}
	_, err = ParseOptions([]string{"-soak", "-scenario=throttle"})
	require.ErrorContains(t, err, "own memory")
}

func TestTheWindowIsInTheMiddle(t *testing.T) {
	for length, want := range map[int][2]int{60: {25, 35}, 9: {3, 6}, 600: {295, 305}} {
		from, to := (&window{length: 10 * time.Second}).between(seconds(float64(length)))
		require.Equal(t, [2]int{int(from.Seconds()), int(to.Seconds())}, want)
	}
	from, to := (*window)(nil).between(seconds(60))
	require.Zero(t, from)
	require.Zero(t, to)
}

func TestUsageIsRead(t *testing.T) {
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
