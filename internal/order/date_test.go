package order

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDatesAreInUTCWithSixDigits(t *testing.T) {
	paris := time.FixedZone("", 3600)
	for want, moment := range map[Date]time.Time{
		"2026-01-23T10:53:49.131052Z": time.Date(2026, 1, 23, 11, 53, 49, 131052999, paris),
		"2026-01-23T10:53:49.000000Z": time.Date(2026, 1, 23, 10, 53, 49, 0, time.UTC),
		"2026-01-23T10:53:49.100000Z": time.Date(2026, 1, 23, 10, 53, 49, 100000000, time.UTC),
	} {
		require.Equal(t, want, NewDate(moment))
	}
}

func TestDatesOfTheOriginalAreRead(t *testing.T) {
	want := time.Date(2020, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, text := range []Date{"2020-05-01T12:00:00", "2020-05-01T12:00:00Z", "2020-05-01T12:00:00.000000", "2020-05-01T14:00:00+02:00"} {
		got, err := text.Time()
		require.NoError(t, err, text)
		require.True(t, want.Equal(got), text)
	}
	for _, text := range []Date{"", "yesterday", "2020-05-01", "2020-13-01T12:00:00Z"} {
		_, err := text.Time()
		require.Error(t, err, text)
	}
}

func TestNextIsNowOrAMicrosecondLater(t *testing.T) {
	now := time.Date(2026, 1, 23, 10, 0, 0, 5000, time.UTC)
	for before, want := range map[Date]Date{
		"2026-01-23T09:59:59.999999Z":      NewDate(now),
		"2026-01-23T10:00:00.000005Z":      "2026-01-23T10:00:00.000006Z",
		"2026-01-23T10:00:00.0000049Z":     NewDate(now),
		"2030-01-01T00:00:00":              "2030-01-01T00:00:00.000001Z",
		"2030-01-01T01:00:00.25+01:00":     "2030-01-01T00:00:00.250001Z",
		"9999-12-31T23:59:59.999998Z":      "9999-12-31T23:59:59.999999Z",
		"0000-01-01T00:00:00+23:59":        NewDate(now),
		"2026-01-23T10:00:00.000005999999": "2026-01-23T10:00:00.000006Z",
	} {
		got, err := before.Next(now)
		require.NoError(t, err, before)
		require.Equal(t, want, got, before)
	}
	for before, want := range map[Date]string{
		"": "must be a date", "yesterday": "must be a date", "20260123": "must be a date",
		"9999-12-31T23:59:59.999999Z": "must be before the year 10000", "9999-12-31T23:59:59-00:01": "must be before the year 10000",
	} {
		_, err := before.Next(now)
		require.EqualError(t, err, want, before)
	}
	_, err := Date("2026-01-01T00:00:00Z").Next(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Error(t, err)
}

func TestNextIsAlwaysGreaterAsAString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(0, 253402300798).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		})
		before := NewDate(moment.Draw(t, "before"))
		after, err := before.Next(moment.Draw(t, "now"))
		require.NoError(t, err)
		require.Greater(t, after, before)
	})
}
