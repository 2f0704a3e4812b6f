package order

import (
	"errors"
	"time"
)

// A Date is a moment as text in the table and in events. Dates that this service writes are RFC
// 3339 in UTC with exactly six fractional digits, so that consumers can compare them as strings;
// those that the original platform wrote lack the Z and may lack the fraction.
type Date string

const (
	dateLayout         = "2006-01-02T15:04:05.000000Z"
	originalDateLayout = "2006-01-02T15:04:05" // Parse accepts a fraction after the seconds by itself
)

// NewDate returns the date of t, truncated to the microsecond.
func NewDate(t time.Time) Date { return Date(t.UTC().Format(dateLayout)) }

// Time returns the moment of the date, in UTC if the date has no zone. The error is that of
// [time.Parse].
func (d Date) Time() (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, string(d)); err == nil {
		return t.UTC(), nil
	}
	return time.Parse(originalDateLayout, string(d))
}

// Next returns the date of a change made now to something last changed at d: now, or a microsecond
// after d if the clock has not passed d, so that a later change always has a later date. The error
// says that d cannot be read, or that its successor has no four-digit year.
func (d Date) Next(now time.Time) (Date, error) {
	before, err := d.Time()
	if err != nil {
		return "", errors.New("must be a date") // without time's error, which quotes the value
	}
	next := before.Truncate(time.Microsecond).Add(time.Microsecond)
	if now.After(next) {
		next = now.UTC()
	}
	if next.Year() > 9999 {
		return "", errors.New("must be before the year 10000")
	}
	return NewDate(next), nil
}

// equal reports whether both dates are the same moment, or the same text.
func (d Date) equal(other Date) bool {
	if d == other {
		return true
	}
	a, errA := d.Time()
	b, errB := other.Time()
	return errA == nil && errB == nil && a.Equal(b)
}
