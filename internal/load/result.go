package load

import "time"

// A result is what one run showed.
type result struct {
	scenario scenario
	rate     int // orders a second
	start    time.Time
	length   time.Duration // of the arrivals
	outcomes []outcome
	hostile  []outcome // of hostile requests, which are to be refused
	marks    []mark
	samples  []sample
	used     usage // between the first arrival and the last answer
	peers    []peerCount
	proof    *proof

	// Of a soak alone:
	orderBytes     int64 // that an order and its event take where they are kept; see [weigh]
	before, rested int   // goroutines of the service before the first order, and when all has come to rest
}

func (r *result) count(k kind) int { return count(r.outcomes, k) }

func count(all []outcome, k kind) (n int) {
	for _, o := range all {
		if o.kind == k {
			n++
		}
	}
	return n
}

// wrong is how many requests got no answer that the contract has for them: the first request for an order is no repeat.
func (r *result) wrong() int {
	return len(r.outcomes) + len(r.hostile) - r.count(created) - r.count(refused) - count(r.hostile, refused)
}

// latencies are those of all requests, unanswered ones included.
func (r *result) latencies() latencies {
	return latenciesOf(r.outcomes, func(outcome) bool { return true })
}

// lateness is how late requests started: the part of their latency that is the generator's, or the busy machine's.
func (r *result) lateness() latencies {
	var all []time.Duration
	for _, o := range r.outcomes {
		all = append(all, o.late)
	}
	return sorted(all)
}

// attacks are the latencies of hostile requests, which are refused whatever happens.
func (r *result) attacks() latencies {
	return latenciesOf(r.hostile, func(outcome) bool { return true })
}

// refusals are the latencies of the refused orders that were due after a refusal had been answered for the first time:
// by then what is wrong is found out.
func (r *result) refusals() latencies {
	known := r.foundOut()
	return latenciesOf(r.outcomes, func(o outcome) bool { return o.kind == refused && o.due.After(known) })
}

// foundOut is when a refusal was answered for the first time.
func (r *result) foundOut() (known time.Time) {
	for _, o := range r.outcomes {
		if at := o.due.Add(o.took); o.kind == refused && (known.IsZero() || at.Before(known)) {
			known = at
		}
	}
	return known
}

func latenciesOf(outcomes []outcome, which func(outcome) bool) latencies {
	var all []time.Duration
	for _, o := range outcomes {
		if which(o) {
			all = append(all, o.took)
		}
	}
	return sorted(all)
}

// problems is how often which answer came instead of an order.
func (r *result) problems() map[string]int {
	counts := map[string]int{}
	for _, o := range r.outcomes {
		switch o.kind {
		case created:
		case repeated:
			counts["200 for a first request"]++
		default:
			counts[o.problem]++
		}
	}
	for _, o := range r.hostile {
		if o.kind != refused {
			counts[o.problem]++
		}
	}
	return counts
}

// hedges is how many requests went out once more since an answer was late, to all neighbours together.
func (r *result) hedges() (n int) {
	for _, p := range r.peers {
		n += p.Hedges
	}
	return n
}

// serviceShare is the service's part of the machine's processor time, and busyShare what all programs took together.
func (r *result) serviceShare() float64 { return share(r.used.service, r.used.machine) }
func (r *result) busyShare() float64    { return share(r.used.busy, r.used.machine) }

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
