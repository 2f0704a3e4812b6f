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
	require.Equal(t, NewDate(now), Date("2026-01-23T09:59:59.999999Z").Next(now))
	require.Equal(t, Date("2026-01-23T10:00:00.000006Z"), NewDate(now).Next(now))
	require.Equal(t, Date("2030-01-01T00:00:00.000001Z"), Date("2030-01-01T00:00:00").Next(now))
	require.Equal(t, NewDate(now), Date("no date").Next(now))
}

func TestNextIsAlwaysGreaterAsAString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		})
		before := NewDate(moment.Draw(t, "before"))
		require.Greater(t, before.Next(moment.Draw(t, "now")), before)
	})
}
