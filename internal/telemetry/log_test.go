package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/buildinfo"
)

// invocation returns a context as the Lambda runtime creates it.
func invocation(t testing.TB) context.Context {
	return lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
}

// decode parses output, which must consist of whole lines of one JSON object each.
func decode(t require.TestingT, output []byte) []map[string]any {
	var lines []map[string]any
	for line := range bytes.Lines(output) {
		require.True(t, bytes.HasSuffix(line, []byte("\n")), "truncated: %q", line)
		var object map[string]any
		require.NoError(t, json.Unmarshal(line, &object), "%q", line)
		lines = append(lines, object)
	}
	return lines
}

func TestLine(t *testing.T) {
	var out bytes.Buffer
	NewLogger(&out, slog.LevelInfo).InfoContext(invocation(t), "order created", "orderId", "o-1", "lines", 3)

	line := decode(t, out.Bytes())[0]
	timestamp, _ := line["timestamp"].(string)
	require.True(t, strings.HasSuffix(timestamp, "Z"), timestamp)
	_, err := time.Parse(time.RFC3339, timestamp)
	require.NoError(t, err)
	delete(line, "timestamp")
	require.Equal(t, map[string]any{
		"level": "INFO", "message": "order created", "service": "orders",
		"requestId": "request-1", "coldStart": true, "commit": buildinfo.Commit(), "orderId": "o-1", "lines": 3.0,
	}, line)
}

func TestOnlyTheFirstInvocationIsAColdStart(t *testing.T) {
	var out bytes.Buffer
	logger := NewLogger(&out, slog.LevelInfo)
	logger.Info("starting")
	for _, id := range []string{"first", "first", "second", "first"} {
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: id})
		logger.With("a", 1).InfoContext(ctx, "m")
	}
	var cold []any
	for _, line := range decode(t, out.Bytes()) {
		cold = append(cold, line["coldStart"])
	}
	require.Equal(t, []any{nil, true, true, nil, true}, cold)
}

func TestTimestampIsUTC(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 1, 23, 12, 53, 49, 131052000, time.FixedZone("two hours east", 2*60*60))
	record := slog.NewRecord(at, slog.LevelInfo, "m", 0)
	require.NoError(t, NewLogger(&out, slog.LevelInfo).Handler().Handle(t.Context(), record))
	require.Equal(t, "2026-01-23T10:53:49.131052Z", decode(t, out.Bytes())[0]["timestamp"])
}

func TestThereIsNoRequestIDOutsideOfAnInvocation(t *testing.T) {
	var out bytes.Buffer
	NewLogger(&out, slog.LevelInfo).Info("starting")
	require.NotContains(t, decode(t, out.Bytes())[0], "requestId")
}

// The standard library tests every handler in this way.
func TestHandlerFollowsTheRulesOfSlog(t *testing.T) {
	var out *bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out = new(bytes.Buffer)
		return NewLogger(out, slog.LevelInfo).Handler()
	}, func(t *testing.T) map[string]any {
		line := decode(t, out.Bytes())[0]
		for ours, theirs := range map[string]string{"timestamp": slog.TimeKey, "message": slog.MessageKey} {
			if value, ok := line[ours]; ok {
				line[theirs] = value
				delete(line, ours)
			}
		}
		return line
	})
}

type fieldsError struct {
	Token string `json:"token"`
}

func (e fieldsError) Error() string { return "rejected" }
func (e fieldsError) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"token": e.Token})
}

func TestErrorsAppearAsTheirText(t *testing.T) {
	var missing *fieldsError // its Error panics
	tests := map[string]struct {
		err  error
		want string
	}{
		"plain":                     {errors.New("timed out"), "timed out"},
		"wrapped":                   {fmt.Errorf("put order: %w", errors.New("timed out")), "put order: timed out"},
		"joined":                    {errors.Join(errors.New("one"), errors.New("two")), "one\ntwo"},
		"one that marshals itself":  {fieldsError{Token: "tok_secret"}, "rejected"},
		"one that marshals, inside": {fmt.Errorf("check: %w", fieldsError{Token: "tok_secret"}), "check: rejected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			NewLogger(&out, slog.LevelInfo).Error("m", "error", test.err, slog.Group("g", "error", test.err))
			line := decode(t, out.Bytes())[0]
			require.Equal(t, test.want, line["error"])
			require.Equal(t, map[string]any{"error": test.want}, line["g"])
			require.NotContains(t, out.String(), "tok_secret")
		})
	}
	t.Run("one that panics", func(t *testing.T) {
		var out bytes.Buffer
		NewLogger(&out, slog.LevelInfo).Error("m", "error", missing)
		require.Len(t, decode(t, out.Bytes()), 1)
	})
}

func TestLinesBelowTheLevelAreDropped(t *testing.T) {
	var out bytes.Buffer
	logger := NewLogger(&out, slog.LevelWarn)
	logger.Info("m")
	logger.With("a", 1).Debug("m")
	logger.Warn("m")
	require.Len(t, decode(t, out.Bytes()), 1)
}

func TestParseLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{
		"DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARN": slog.LevelWarn, "ERROR": slog.LevelError,
		"debug": slog.LevelDebug, "Info": slog.LevelInfo, "wArN": slog.LevelWarn, "error": slog.LevelError,
	} {
		level, err := ParseLevel(text)
		require.NoError(t, err, text)
		require.Equal(t, want, level, text)
	}
	for _, text := range []string{"", " INFO", "WARNING", "INFO+2", "0", "TRACE"} {
		_, err := ParseLevel(text)
		require.ErrorContains(t, err, fmt.Sprintf("%q", text))
	}
}

func TestPackageLogIsLoggedAsErrors(t *testing.T) {
	logger, flags, output := slog.Default(), log.Flags(), log.Writer()
	t.Cleanup(func() {
		slog.SetDefault(logger)
		slog.SetLogLoggerLevel(slog.LevelInfo)
		log.SetFlags(flags)
		log.SetOutput(output)
	})
	var out bytes.Buffer
	Install(NewLogger(&out, slog.LevelInfo))
	log.Printf("runtime: %s", "timed out")
	slog.Info("by the default logger")

	lines := decode(t, out.Bytes())
	require.Len(t, lines, 2)
	require.Equal(t, "ERROR", lines[0]["level"])
	require.Equal(t, "runtime: timed out", lines[0]["message"])
	require.Equal(t, "orders", lines[0]["service"])
	require.Equal(t, "INFO", lines[1]["level"])
}

// Whatever is logged, a line is one JSON object with the same strings.
func TestEveryLineParses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		message, value := rapid.String().Draw(t, "message"), rapid.String().Draw(t, "value")
		key := rapid.String().Draw(t, "key")
		odd := rapid.SampledFrom([]any{
			nil, math.NaN(), math.Inf(1), make(chan int), func() {}, []byte{0xff, '\n'}, "\xff\n", struct{ A, B any }{1, t},
			json.RawMessage("{\n\"a\":\n1}"), json.RawMessage("{"), errors.New(value), map[string]any{value: value},
		}).Draw(t, "odd")

		var out bytes.Buffer
		logger := NewLogger(&out, slog.LevelDebug)
		logger.Debug(message, "text", value, "odd", odd)
		logger.With(key, odd).With(key, value).Error(message, key, odd, key, errors.New(value))

		lines := decode(t, out.Bytes())
		require.Len(t, lines, 2)
		require.Equal(t, message, lines[0]["message"])
		require.Equal(t, value, lines[0]["text"])
	})
}
