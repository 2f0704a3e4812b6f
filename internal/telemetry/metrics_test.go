package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

func clock() time.Time { return time.Date(2026, 1, 23, 10, 53, 49, 131052000, time.UTC) }

func TestMetricsLine(t *testing.T) {
	var out bytes.Buffer
	NewMetrics(&out, "prod", clock).Count(invocation(t), "o-1", map[string]int64{"orderCreatedTotal": 4200, "orderCreated": 1})

	require.JSONEq(t, `{
		"_aws": {
			"Timestamp": 1769165629131,
			"CloudWatchMetrics": [{
				"Namespace": "ecommerce.orders",
				"Dimensions": [["environment", "service"]],
				"Metrics": [{"Name": "orderCreated", "Unit": "Count"}, {"Name": "orderCreatedTotal", "Unit": "Count"}]
			}]
		},
		"environment": "prod", "service": "orders",
		"orderCreated": 1, "orderCreatedTotal": 4200,
		"requestId": "request-1", "orderId": "o-1"
	}`, out.String())
	require.Len(t, decode(t, out.Bytes()), 1)
}

func TestResponsesAreCountedByFunctionAndVersion(t *testing.T) {
	var out bytes.Buffer
	metrics := NewMetrics(&out, "prod", clock)
	metrics.CountResponse(invocation(t), "", true, nil)
	require.Empty(t, out.String(), "outside Lambda, a function has no name")
	metrics.CountResponse(invocation(t), "", true, map[string]int64{"orderUnavailable": 1})
	require.NotContains(t, out.String(), "responses")
	require.Equal(t, 1.0, decode(t, out.Bytes())[0]["orderUnavailable"])
	out.Reset()

	lambdacontext.FunctionName, lambdacontext.FunctionVersion = "create-1A2B", "7"
	defer func() { lambdacontext.FunctionName, lambdacontext.FunctionVersion = "", "" }()
	metrics.CountResponse(invocation(t), "", true, nil)
	require.JSONEq(t, `{
		"_aws": {
			"Timestamp": 1769165629131,
			"CloudWatchMetrics": [{
				"Namespace": "ecommerce.orders",
				"Dimensions": [["FunctionName"], ["FunctionName", "ExecutedVersion"]],
				"Metrics": [{"Name": "responses", "Unit": "Count"}, {"Name": "responses5xx", "Unit": "Count"}]
			}]
		},
		"FunctionName": "create-1A2B", "ExecutedVersion": "7", "service": "orders",
		"responses": 1, "responses5xx": 1,
		"requestId": "request-1"
	}`, out.String())

	out.Reset()
	metrics.CountResponse(invocation(t), "o-1", false, map[string]int64{"orderCreated": 1})
	require.JSONEq(t, `{
		"_aws": {
			"Timestamp": 1769165629131,
			"CloudWatchMetrics": [{
				"Namespace": "ecommerce.orders",
				"Dimensions": [["environment", "service"]],
				"Metrics": [{"Name": "orderCreated", "Unit": "Count"}]
			}, {
				"Namespace": "ecommerce.orders",
				"Dimensions": [["FunctionName"], ["FunctionName", "ExecutedVersion"]],
				"Metrics": [{"Name": "responses", "Unit": "Count"}, {"Name": "responses5xx", "Unit": "Count"}]
			}]
		},
		"environment": "prod", "service": "orders", "FunctionName": "create-1A2B", "ExecutedVersion": "7",
		"orderCreated": 1, "responses": 1, "responses5xx": 0,
		"requestId": "request-1", "orderId": "o-1"
	}`, out.String())
}

type checkResult struct{ err error }

func (checkResult) Peer() string                               { return "payment" }
func (c checkResult) Check(context.Context, order.Order) error { return c.err }

func TestFailedChecksAreCountedByPeer(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		lines int
	}{
		"accepted": {nil, 0},
		"rejected": {&order.Error{Kind: order.Rejected}, 0},
		"failed":   {&order.Error{Kind: order.CheckFailed}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			checkers := NewMetrics(&out, "prod", clock).Checkers([]order.Checker{checkResult{test.err}})
			require.Equal(t, "payment", checkers[0].Peer())
			require.Equal(t, test.err, checkers[0].Check(t.Context(), order.Order{}))
			lines := decode(t, out.Bytes())
			require.Len(t, lines, test.lines)
			for _, line := range lines {
				require.Equal(t, 1.0, line["checkFailed"])
				require.Equal(t, []any{"prod", "orders", "payment"}, []any{line["environment"], line["service"], line["peer"]})
			}
		})
	}
}

func TestMetricsOmitAbsentProperties(t *testing.T) {
	var out bytes.Buffer
	NewMetrics(&out, "prod", nil).Count(t.Context(), "", map[string]int64{"orderFailed": 0})

	line := decode(t, out.Bytes())[0]
	require.NotContains(t, line, "requestId")
	require.NotContains(t, line, "orderId")
	require.Equal(t, 0.0, line["orderFailed"])
}

func TestNegativeCountsAreOmitted(t *testing.T) {
	var out bytes.Buffer
	metrics := NewMetrics(&out, "prod", clock)
	metrics.Count(t.Context(), "o-1", nil)
	metrics.Count(t.Context(), "o-1", map[string]int64{"orderCreated": -1})
	require.Empty(t, out.String())

	counts := map[string]int64{"orderCreated": 1, "orderCreatedTotal": math.MinInt64}
	metrics.Count(t.Context(), "o-1", counts)
	require.NotContains(t, out.String(), "orderCreatedTotal")
	require.Len(t, counts, 2, "the caller's map does not change")
}

// Whatever the strings and values, a line is one JSON object that defines exactly its metrics.
func TestEveryMetricsLineParses(t *testing.T) {
	names := []string{"orderCreated", "orderCreatedTotal", "orderPackaged", "orderFulfilled", "orderFailed"}
	rapid.Check(t, func(t *rapid.T) {
		environment, orderID := rapid.String().Draw(t, "environment"), rapid.String().Draw(t, "orderId")
		counts := rapid.MapOfN(rapid.SampledFrom(names), rapid.Int64Min(0), 1, -1).Draw(t, "counts")

		var out bytes.Buffer
		NewMetrics(&out, environment, clock).Count(t.Context(), orderID, counts)

		lines := decode(t, out.Bytes())
		require.Len(t, lines, 1)
		require.Equal(t, environment, lines[0]["environment"])
		defined := lines[0]["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)["Metrics"].([]any)
		require.Len(t, defined, len(counts))
		for _, metric := range defined {
			name := metric.(map[string]any)["Name"].(string)
			require.InDelta(t, counts[string(name)], lines[0][name], 1<<11)
		}
	})
}

func TestConcurrentLinesStayWhole(t *testing.T) {
	const writers, each = 20, 50
	var out bytes.Buffer
	shared := NewLineWriter(&out)
	logger, metrics := NewLogger(shared, slog.LevelInfo), NewMetrics(shared, "prod", clock)

	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for range each {
				logger.Info("m", "writer", writer)
				metrics.Count(t.Context(), fmt.Sprint(writer), map[string]int64{"orderCreated": 1})
			}
		})
	}
	group.Wait()
	require.Len(t, decode(t, out.Bytes()), writers*each*2)
}

func TestUpdateAgeIsInSeconds(t *testing.T) {
	for age, want := range map[time.Duration]float64{90*time.Second + 999*time.Millisecond: 90, -time.Second: 0} {
		var out bytes.Buffer
		NewMetrics(&out, "prod", clock).RecordUpdateAge(invocation(t), age)
		line := decode(t, out.Bytes())[0]
		require.Equal(t, want, line["updateAge"])
		require.Equal(t, "request-1", line["requestId"])
		defined := line["_aws"].(map[string]any)["CloudWatchMetrics"].([]any)[0].(map[string]any)
		require.Equal(t, []any{[]any{"environment", "service"}}, defined["Dimensions"])
		require.Equal(t, []any{map[string]any{"Name": "updateAge", "Unit": "Seconds"}}, defined["Metrics"])
	}
}
