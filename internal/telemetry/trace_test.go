package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-xray-sdk-go/v2/xray"
	"github.com/aws/aws-xray-sdk-go/v2/xraylog"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// sdkLog has what the X-Ray SDK logs until the first Tracer turns its log off.
var sdkLog recorder

func TestMain(m *testing.M) {
	xray.SetLogger(&sdkLog)
	goleak.VerifyTestMain(m)
}

const (
	traceID  = "1-6973512d-aabbccddeeff001122334455"
	parentID = "53995c3f42cd8ad8"
	lineage  = "1:a87bd80c:0"
)

// traced returns the context of an invocation that belongs to a trace.
func traced(t testing.TB) context.Context {
	return withHeader(t.Context(), "Root="+traceID+";Parent="+parentID+";Sampled=1;Lineage="+lineage)
}

// withHeader puts a trace header where aws-lambda-go puts it.
func withHeader(ctx context.Context, header string) context.Context {
	//lint:ignore SA1029 the runtime's key is a string
	return context.WithValue(ctx, "x-amzn-trace-id", header)
}

// A daemon is a fake X-Ray daemon.
type daemon struct{ conn *net.UDPConn }

// A subsegment is what a daemon receives.
type subsegment struct {
	Name        string         `json:"name"`
	ID          string         `json:"id"`
	TraceID     string         `json:"trace_id"`
	ParentID    string         `json:"parent_id"`
	Type        string         `json:"type"`
	Namespace   string         `json:"namespace"`
	InProgress  bool           `json:"in_progress"`
	Fault       bool           `json:"fault"`
	Error       bool           `json:"error"`
	Annotations map[string]any `json:"annotations"`
	AWS         map[string]any `json:"aws"`
	Cause       struct {
		Exceptions []struct {
			Message string `json:"message"`
			Type    string `json:"type"`
			Remote  bool   `json:"remote"`
		} `json:"exceptions"`
	} `json:"cause"`
	HTTP struct {
		Request  struct{ Method, URL string } `json:"request"`
		Response struct{ Status int }         `json:"response"`
	} `json:"http"`
	Subsegments []subsegment `json:"subsegments"`

	text string // the datagram
}

// startTracing returns a daemon and a tracer that sends to it.
func startTracing(t testing.TB) (*daemon, Tracer) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	tracer, err := NewTracer(environment{"AWS_XRAY_DAEMON_ADDRESS": conn.LocalAddr().String()}.getenv)
	require.NoError(t, err)
	return &daemon{conn}, tracer
}

type environment map[string]string

func (e environment) getenv(name string) string { return e[name] }

func (d *daemon) datagram(t testing.TB) string {
	buffer := make([]byte, 1<<16)
	require.NoError(t, d.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	n, err := d.conn.Read(buffer)
	require.NoError(t, err, "no datagram")
	return string(buffer[:n])
}

func (d *daemon) receive(t testing.TB) subsegment {
	datagram := d.datagram(t)
	header, body, _ := strings.Cut(datagram, "\n")
	require.JSONEq(t, `{"format": "json", "version": 1}`, header)
	received := subsegment{text: datagram}
	require.NoError(t, json.Unmarshal([]byte(body), &received))
	return received
}

// requireDrained requires that everything sent so far was received: datagrams are sent before their
// calls return, and arrive in order here.
func (d *daemon) requireDrained(t testing.TB) {
	conn, err := net.Dial("udp", d.conn.LocalAddr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("last"))
	require.NoError(t, err)
	require.Equal(t, "last", d.datagram(t))
}

func succeed(context.Context) error { return nil }

func TestCaptureSendsASubsegment(t *testing.T) {
	daemon, tracer := startTracing(t)
	err := tracer.Capture(traced(t), "store order", func(ctx context.Context) error {
		tracer.Annotate(ctx, "orderId", "o-1")
		return nil
	})
	require.NoError(t, err)

	got := daemon.receive(t)
	require.Equal(t, "store order", got.Name)
	require.Equal(t, "subsegment", got.Type)
	require.Equal(t, traceID, got.TraceID)
	require.Equal(t, parentID, got.ParentID)
	require.Len(t, got.ID, 16)
	require.Equal(t, map[string]any{"orderId": "o-1"}, got.Annotations)
	require.False(t, got.Fault)
	require.False(t, got.InProgress)
	daemon.requireDrained(t)
}

func TestCaptureNests(t *testing.T) {
	daemon, tracer := startTracing(t)
	err := tracer.Capture(traced(t), "outer", func(ctx context.Context) error {
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				_ = tracer.Capture(ctx, fmt.Sprint("inner ", i), func(ctx context.Context) error {
					tracer.Annotate(ctx, "number", fmt.Sprint(i))
					return nil
				})
			})
		}
		group.Wait()
		return nil
	})
	require.NoError(t, err)

	got := daemon.receive(t)
	require.Equal(t, "outer", got.Name)
	require.Empty(t, got.Annotations)
	require.Len(t, got.Subsegments, 4)
	for _, inner := range got.Subsegments {
		require.Equal(t, "inner "+inner.Annotations["number"].(string), inner.Name)
	}
	daemon.requireDrained(t)
}

func TestConcurrentInvocationsHaveTheirOwnTraces(t *testing.T) {
	t.Setenv("_X_AMZN_TRACE_ID", "Root=1-00000000-000000000000000000000001;Parent=0000000000000001;Sampled=1")
	daemon, tracer := startTracing(t)
	const invocations = 20
	var group sync.WaitGroup
	for i := range invocations {
		group.Go(func() {
			ctx := withHeader(t.Context(), fmt.Sprintf("Root=1-6973512d-%024d;Parent=%016d;Sampled=1", i, i))
			_ = tracer.Capture(ctx, fmt.Sprint(i), func(ctx context.Context) error {
				return tracer.Capture(ctx, fmt.Sprint(i), succeed)
			})
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for range invocations {
		got := daemon.receive(t)
		require.Equal(t, fmt.Sprintf("1-6973512d-%024s", got.Name), got.TraceID)
		require.Equal(t, fmt.Sprintf("%016s", got.Name), got.ParentID)
		require.Len(t, got.Subsegments, 1)
		require.Equal(t, got.Name, got.Subsegments[0].Name)
		seen[got.Name] = true
	}
	require.Len(t, seen, invocations)
	daemon.requireDrained(t)
}

func TestNothingIsSentWithoutASampledTrace(t *testing.T) {
	for _, header := range []string{
		"", ";;;", "=", "Root=", "Sampled=1", "nonsense", "Root=" + traceID,
		"Root=" + traceID + ";Parent=" + parentID + ";Sampled=0",
		"Root=" + traceID + ";Parent=" + parentID + ";Sampled=?",
	} {
		t.Run(header, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			failure := errors.New("timed out")
			for _, ctx := range []context.Context{t.Context(), withHeader(t.Context(), header)} {
				err := tracer.Capture(ctx, "outer", func(ctx context.Context) error {
					tracer.Annotate(ctx, "orderId", "o-1")
					return tracer.Capture(ctx, "inner", func(context.Context) error { return failure })
				})
				require.Equal(t, failure, err)
			}
			daemon.requireDrained(t)
		})
	}
}

func TestCaptureRecordsFailures(t *testing.T) {
	const secret = "tok_secret"
	api := &smithy.GenericAPIError{Code: "ValidationException", Message: "not a number: " + secret}
	call := &url.Error{Op: "Post", URL: "http://peer/?q=" + secret, Err: context.DeadlineExceeded}
	tests := map[string]struct {
		err    error
		want   string
		remote bool
	}{
		"our own":                {fmt.Errorf("put order: %w", errors.New("timed out")), "put order: timed out", false},
		"AWS":                    {fmt.Errorf("put order: %w", api), "ValidationException", true},
		"HTTP request":           {fmt.Errorf("check payment: %w", call), "context deadline exceeded", false},
		"joined":                 {errors.Join(call, api), "ValidationException", true},
		"longer than a datagram": {errors.New(strings.Repeat("x", 1<<17)), strings.Repeat("x", 300), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			err := tracer.Capture(traced(t), "s", func(context.Context) error { return test.err })
			require.Equal(t, test.err, err)

			got := daemon.receive(t)
			require.True(t, got.Fault)
			require.Len(t, got.Cause.Exceptions, 1)
			require.Equal(t, test.want, got.Cause.Exceptions[0].Message)
			require.Equal(t, test.remote, got.Cause.Exceptions[0].Remote)
			require.Equal(t, fmt.Sprintf("%T", test.err), got.Cause.Exceptions[0].Type)
			require.NotContains(t, got.text, secret)
		})
	}
}

func TestCapturePropagatesPanicsWithoutRecordingTheirValue(t *testing.T) {
	daemon, tracer := startTracing(t)
	require.PanicsWithValue(t, "tok_secret", func() {
		_ = tracer.Capture(traced(t), "s", func(context.Context) error { panic("tok_secret") })
	})
	got := daemon.receive(t)
	require.True(t, got.Fault)
	require.Equal(t, "panic", got.Cause.Exceptions[0].Message)
	require.NotContains(t, got.text, "tok_secret")
}

func TestTraceHeader(t *testing.T) {
	_, on := startTracing(t)
	incoming := "Root=" + traceID + ";Parent=" + parentID + ";Sampled=1;Lineage=" + lineage
	for name, tracer := range map[string]Tracer{"on": on, "off": {}} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, tracer.TraceHeader(t.Context()))
			require.Empty(t, tracer.TraceHeader(withHeader(t.Context(), "")))
			require.Empty(t, tracer.TraceHeader(withHeader(t.Context(), "Sampled=1")))
			require.Equal(t, incoming, tracer.TraceHeader(traced(t)))
			long := "Root=" + traceID + ";Sampled=1;Self=" + strings.Repeat("x", 500)
			require.Empty(t, tracer.TraceHeader(withHeader(t.Context(), long)))
		})
	}
	t.Run("in a subsegment", func(t *testing.T) {
		daemon, tracer := startTracing(t)
		var next string
		_ = tracer.Capture(traced(t), "s", func(ctx context.Context) error {
			next = tracer.TraceHeader(ctx)
			return nil
		})
		require.Equal(t, "Root="+traceID+";Parent="+daemon.receive(t).ID+";Sampled=1;Lineage="+lineage, next)
	})
	t.Run("in Capture without tracing", func(t *testing.T) {
		_ = Tracer{}.Capture(traced(t), "s", func(ctx context.Context) error {
			require.Equal(t, incoming, Tracer{}.TraceHeader(ctx))
			return nil
		})
	})
}

func TestNewTracer(t *testing.T) {
	tests := map[string]struct {
		environment environment
		on          bool
	}{
		"no daemon": {nil, false},
		"daemon":    {environment{"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}, true},
		"disabled":  {environment{"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000", "AWS_XRAY_SDK_DISABLED": "TRUE"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tracer, err := NewTracer(test.environment.getenv)
			require.NoError(t, err)
			require.Equal(t, test.on, tracer.recorder != nil)
		})
	}
	_, err := NewTracer(environment{"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1"}.getenv)
	require.ErrorContains(t, err, "AWS_XRAY_DAEMON_ADDRESS")
}

func TestWithoutTracingNothingIsAllocated(t *testing.T) {
	tracer, err := NewTracer(environment{}.getenv)
	require.NoError(t, err)
	ctx := traced(t)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_ = tracer.Capture(ctx, "s", succeed)
		tracer.Annotate(ctx, "orderId", "o-1")
	}))
}

// A missing daemon must neither fail a request nor fill the log.
func TestTheSDKIsSilent(t *testing.T) {
	daemon, tracer := startTracing(t)
	require.NoError(t, tracer.Capture(traced(t), "s", succeed))
	daemon.receive(t)

	closed, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	tracer, err = NewTracer(environment{"AWS_XRAY_DAEMON_ADDRESS": closed.LocalAddr().String()}.getenv)
	require.NoError(t, err)
	for range 10 {
		require.NoError(t, tracer.Capture(traced(t), "s", succeed))
	}
	require.Empty(t, sdkLog.String())
}

type recorder struct{ bytes.Buffer }

func (r *recorder) Log(level xraylog.LogLevel, message fmt.Stringer) {
	fmt.Fprintln(&r.Buffer, level, message)
}

// Whatever the header, the function is called once and the header for downstream calls is short
// enough.
func FuzzTraceHeader(f *testing.F) {
	for _, seed := range []string{
		"", "Root=" + traceID + ";Parent=" + parentID + ";Sampled=1;Lineage=" + lineage,
		"Root=;Sampled=1", "Root=a;Root=b;=;;Sampled=1;x", "Root=\xff;Sampled=1",
	} {
		f.Add(seed)
	}
	_, tracer := startTracing(f)
	f.Fuzz(func(t *testing.T, header string) {
		calls := 0
		err := tracer.Capture(withHeader(t.Context(), header), "s", func(ctx context.Context) error {
			calls++
			require.LessOrEqual(t, len(tracer.TraceHeader(ctx)), 500)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 1, calls)
	})
}

func TestDiscardedTraceIsRecordedAndNotSent(t *testing.T) {
	daemon, tracer := startTracing(t)
	ctx := ContextWithDiscardedTrace(t.Context())
	err := tracer.Capture(ctx, "checks", func(ctx context.Context) error {
		require.NotEqual(t, tracer.TraceHeader(ContextWithDiscardedTrace(t.Context())), tracer.TraceHeader(ctx), "a child of the subsegment")
		return tracer.Capture(ctx, "check users", func(context.Context) error { return errors.New("failed") })
	})
	require.EqualError(t, err, "failed")
	daemon.requireDrained(t)
}
