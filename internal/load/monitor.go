package load

import (
	"context"
	"encoding/json"
	"time"
)

// restTime is longer than any client of the service's keeps a connection that it does not use.
const restTime = 2 * time.Minute

// A sample is how the service was doing at a time.
type sample struct {
	at         time.Time
	ordered    int // orders that were due by then
	rss        int64
	liveHeap   int64
	goroutines int
}

// A peerCount is what the service sent to one neighbour.
type peerCount struct {
	Peer                                      string
	Calls, Hedges, Retries, Skipped, Openings int
}

// A monitor watches a service.
type monitor struct {
	shopper *shopper
	pid     int
	rate    int
	start   time.Time
}

// condition is what the service tells of itself.
type condition struct {
	Goroutines    int
	LiveHeapBytes int64
	Peers         []peerCount
}

func (m monitor) condition(ctx context.Context) (c condition, err error) {
	body, err := m.shopper.fetch(ctx, customer{}, "/_local/runtime")
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(body, &c)
}

func (m monitor) sample(ctx context.Context) (s sample, err error) {
	c, err := m.condition(ctx)
	if err != nil {
		return s, err
	}
	used, err := readUsage(m.pid)
	at := time.Now()
	return sample{
		at:         at,
		ordered:    int(at.Sub(m.start).Seconds() * float64(m.rate)),
		rss:        used.rss,
		liveHeap:   c.LiveHeapBytes,
		goroutines: c.Goroutines,
	}, err
}

// rest waits until a service that nobody asks any more has no more goroutines than before, but for a few, and returns
// how many it has, at the latest when every connection that it keeps for a while must be closed.
func (m monitor) rest(ctx context.Context, before int) (goroutines int, err error) {
	for end := time.Now().Add(restTime); ; {
		m.shopper.close()
		c, err := m.condition(ctx)
		if err != nil || c.Goroutines <= before+spareGoroutines || time.Now().After(end) || !sleep(ctx, time.Second) {
			return c.Goroutines, err
		}
	}
}

// watch takes samples until ctx ends. One that cannot be taken is left out: the plot then shows a gap.
func (m monitor) watch(ctx context.Context, every time.Duration) (all []sample) {
	for sleep(ctx, every) {
		if s, err := m.sample(ctx); err == nil {
			all = append(all, s)
		}
	}
	return all
}
