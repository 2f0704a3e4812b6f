package load

import (
	"fmt"
	"slices"
	"time"

	"orders/internal/percentile"
)

// Latencies are durations in any order.
type latencies []time.Duration

func (l latencies) at(share float64) time.Duration { return percentile.Of(l, share) }

func (l latencies) String() string {
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, p99.9 %s, max %s",
		ms(l.at(0.5)), ms(l.at(0.9)), ms(l.at(0.99)), ms(l.at(0.999)), ms(l.at(1)))
}

func count(all []response, v verdict) (n int) {
	for _, r := range all {
		if r.verdict == v {
			n++
		}
	}
	return n
}

func (r *run) count(v verdict) int { return count(r.responses, v) }

// invalid returns how many requests got no response, or one that resources/openapi.yaml does not
// allow. The first request for an order is no replay.
func (r *run) invalid() int {
	return len(r.responses) - r.count(created) - r.count(unavailable) - r.count(rejected) +
		len(r.hostile) - count(r.hostile, rejected)
}

// latencies returns those of all requests, unanswered ones included, except of those that had to be
// rejected: their retries fail, and take as long as they may.
func (r *run) latencies() latencies {
	return latenciesOf(slices.DeleteFunc(slices.Clone(r.responses), func(each response) bool {
		return each.verdict == rejected
	}))
}

// hostileLatencies returns those of all hostile requests.
func (r *run) hostileLatencies() latencies { return latenciesOf(r.hostile) }

func latenciesOf(responses []response) (l latencies) {
	for _, each := range responses {
		l = append(l, each.latency)
	}
	return l
}

// lateness returns how late requests started: the part of their latency that is the generator's, or
// the busy machine's.
func (r *run) lateness() (l latencies) {
	for _, each := range r.responses {
		l = append(l, each.late)
	}
	return l
}

// unavailableLatencies returns the latencies of the 503s to requests that were due after the first
// 503 had been returned: by then the outage is detected.
func (r *run) unavailableLatencies() latencies {
	detected := r.detected()
	return latenciesOf(slices.DeleteFunc(slices.Clone(r.responses), func(each response) bool {
		return each.verdict != unavailable || !each.due.After(detected)
	}))
}

// detected returns when a 503 was returned for the first time.
func (r *run) detected() (first time.Time) {
	for _, each := range r.responses {
		if at := each.due.Add(each.latency); each.verdict == unavailable && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// unavailableAfter returns how many requests that were due after a time got a 503.
func (r *run) unavailableAfter(at time.Time) (n int) {
	for _, each := range r.responses {
		if each.verdict == unavailable && each.due.After(at) {
			n++
		}
	}
	return n
}

// problems returns how often which response came instead of an order.
func (r *run) problems() map[string]int {
	counts := map[string]int{}
	for _, each := range r.responses {
		switch each.verdict {
		case created, rejected:
		case replayed:
			counts["200 for a first request"]++
		default:
			counts[each.problem]++
		}
	}
	for _, each := range r.hostile {
		if each.verdict != rejected {
			counts[each.problem]++
		}
	}
	return counts
}

// hedges returns how many requests were sent to all peers together because a response was late.
func (r *run) hedges() (n int) {
	for _, p := range r.peers {
		n += p.Hedges
	}
	return n
}

// serviceShare returns the service's part of the machine's CPU time, and busyShare that of all
// programs together.
func (r *run) serviceShare() float64 { return share(r.used.service, r.used.machine) }
func (r *run) busyShare() float64    { return share(r.used.busy, r.used.machine) }

func share(part, whole time.Duration) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
