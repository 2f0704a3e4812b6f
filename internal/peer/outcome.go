package peer

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"orders/internal/safehttp"
)

// An ending is how an attempt ended, and so whether another one can do better.
type ending int

const (
	decided   ending = iota // a yes or a no
	rejected                // a 4xx: the same request would be told the same
	unsent                  // the request could not even be made: the next could not either
	senseless               // an answer that means nothing, from a peer that is there: another attempt under way may do better
	lost                    // no answer, or one that says to try again, 429 and 5xx: worth another attempt
)

// An outcome is how an attempt ended, or all attempts of a check together.
type outcome struct {
	ending   ending
	verdict  error // if decided: nil or Refused
	cause    error // if not: for operators, safe to be read
	attempts int   // how many it took
}

// isFinal tells that no other attempt can change this.
func (o outcome) isFinal() bool { return o.ending < senseless }

// endingOf is the ending of an attempt that the transport gave up.
func endingOf(err error) ending {
	if _, ok := errors.AsType[*safehttp.SigningError](err); ok {
		return unsent
	}
	return lost
}

// endingOfStatus is the ending of an attempt that was answered, but not with a 200.
func endingOfStatus(status int) ending {
	switch {
	case status >= 500, status == http.StatusTooManyRequests:
		return lost
	case status >= 400:
		return rejected
	}
	return senseless
}

// summary is what all attempts come to: what the last one says if that is final; otherwise no verdict, from a peer
// that is lost only if no attempt found it there.
func summary(all []outcome) outcome {
	last := all[len(all)-1]
	last.attempts = len(all)
	if last.ending == decided {
		return last
	}
	var causes attemptErrors
	for _, o := range all {
		causes = append(causes, o.cause)
		if !last.isFinal() {
			last.ending = min(last.ending, o.ending)
		}
	}
	if len(causes) > 1 {
		last.cause = causes
	}
	return last
}

// attemptErrors are the causes of several attempts that brought no verdict.
type attemptErrors []error

// Error tells every cause, those that come again at once only once.
func (e attemptErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return fmt.Sprintf("%d attempts: %s", len(e), strings.Join(slices.Compact(texts), "; "))
}

// Unwrap is all causes.
func (e attemptErrors) Unwrap() []error { return e }
