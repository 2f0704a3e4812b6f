package xray_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/xray"
	"orders/internal/telemetry"
)

// The tracer that the deployed functions use sends what a daemon receives.
func TestDaemon(t *testing.T) {
	segments := make(chan xray.Segment, 10)
	daemon, err := xray.Listen(func(s xray.Segment) { segments <- s })
	require.NoError(t, err)
	defer daemon.Close()
	tracer, err := telemetry.NewTracer(func(name string) string {
		return map[string]string{"AWS_XRAY_DAEMON_ADDRESS": daemon.Address()}[name]
	})
	require.NoError(t, err)
	const header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	//lint:ignore SA1029 the key is that of the Lambda runtime
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", header)
	failed := tracer.Capture(ctx, "outer", func(ctx context.Context) error {
		return tracer.Capture(ctx, "inner", func(context.Context) error { return errors.New("failed") })
	})
	require.Error(t, failed)

	outer := <-segments
	require.Equal(t, "outer", outer.Name)
	require.Equal(t, "1-5759e988-bd862e3fe1be46a994272793", outer.TraceID)
	require.LessOrEqual(t, outer.StartTime, outer.EndTime)
	require.Len(t, outer.Subsegments, 1)
	require.Equal(t, "inner", outer.Subsegments[0].Name)
	require.True(t, outer.Subsegments[0].Fault)
	require.Equal(t, "failed", outer.Subsegments[0].Cause.Exceptions[0].Message)
}
