package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func find(t *testing.T, what string) quota {
	t.Helper()
	for _, q := range quotas() {
		if q.what == what {
			return q
		}
	}
	t.Fatalf("no quota %q", what)
	return quota{}
}

// Worked out by hand.
func TestLoads(t *testing.T) {
	for what, want := range map[string]float64{
		"API Gateway: requests a second":                       2000, // a create and a read
		"EventBridge: deliveries a second":                     8000, // three events to two targets each, two updates
		"DynamoDB: write units a second of a new table":        6000, // three writes of 2 KB
		"stream: records a second in each lane":                125,  // 3,000 records; six partitions of four lanes
		"EventBridge: PutEvents a second":                      3000, // one record a batch
		"SQS: batches in flight, one update each":              18,   // 2,000 of 9 ms
		"Lambda: invocations a second, ten for each in flight": 7000, // 4,000 and 3,000 batches
	} {
		require.InDelta(t, want, find(t, what).load(1000), 0.001*want, what)
	}
	require.InDelta(t, 69, find(t, "Lambda: invocations in flight").load(1000), 0.1, "26 + 4.6 + 18 + 20.4")
}

func TestBatchesFillUpAsRecordsBecomeMore(t *testing.T) {
	_, records := batches(1)
	require.EqualValues(t, 1, records, "they come one by one")
	perSecond, records := batches(10_000)
	require.InDelta(t, 30_000, perSecond*records, 0.001, "none is left out")
	require.InDelta(t, batchTime, batchDuration(batchRecords), 1e-9)
	require.InDelta(t, shortestTime, batchDuration(1), 1e-9)
}

// More orders never use less of a quota, and the first to give way is the one with the largest
// share.
func TestFirstToGiveWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.1, 10_000).Draw(t, "rate")
		for _, q := range quotas() {
			require.LessOrEqual(t, q.share(rate), first(rate).share(rate), q.what)
			if q.what != "stream: records a second in each lane" && q.what != "EventBridge: PutEvents a second" {
				require.LessOrEqual(t, q.load(rate), q.load(1.5*rate)*1.001, q.what) // partitions come in whole numbers
			}
		}
	})
	require.Equal(t, "DynamoDB: write units a second of a new table", first(1000).what)
}

func TestTheModelIsThatOfTheTemplate(t *testing.T) {
	template, err := os.ReadFile("../../../template.yaml")
	require.NoError(t, err)
	find := func(setting string) (values []string) {
		for _, match := range regexp.MustCompile(setting+`: (\d+)`).FindAllStringSubmatch(string(template), -1) {
			values = append(values, match[1])
		}
		return values
	}
	require.Equal(t, []string{fmt.Sprint(lanes)}, find("ParallelizationFactor"))
	sizes := find("MemorySize")
	require.Len(t, sizes, 4)
	for _, size := range sizes {
		require.Equal(t, fmt.Sprint(memoryGB*1024), size)
	}
}

// The README shows what this program writes.
func TestTheReadmeIsUpToDate(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for _, write := range []func(io.Writer){writeLoads, writeCosts} {
		var table bytes.Buffer
		write(&table)
		require.True(t, bytes.Contains(readme, table.Bytes()), "it must contain what `go run ./cmd/bench/capacity` writes:\n%s", &table)
	}
}

func TestCosts(t *testing.T) {
	found := map[string]float64{}
	for _, c := range costs() {
		found[c.what] = c.dollars()
	}
	require.InDelta(t, 7.00, found["API Gateway: the create and the read"], 0.001)
	require.InDelta(t, 8.46, found["DynamoDB: three writes of 2 KB, each to table and index"], 0.001)
	require.InDelta(t, 0.46, found["Lambda: duration"], 0.01, "69 ms at half a GB")
	sum := 0.0
	for _, dollars := range found {
		sum += dollars
	}
	require.InDelta(t, sum, total(), 1e-9)
}

func TestNumbers(t *testing.T) {
	for f, want := range map[float64]string{0.123: "0.12", 10: "10", 12.34: "12.3", 123.4: "123", 12345.6: "12,346", 1e6: "1,000,000"} {
		require.Equal(t, want, number(f))
	}
}
