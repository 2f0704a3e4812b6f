package load

import (
	"context"
	"encoding/json"
	"time"

	"github.com/prometheus/procfs"
)

// restTime is longer than any client in the service keeps an idle connection.
const restTime = 2 * time.Minute

// A monitor samples a service.
type monitor struct {
	client *client
	pid    int
	rate   int
	start  time.Time
}

// A sample is the state of the service at a time.
type sample struct {
	at         time.Time
	orders     int   // that were due by then
	rss        int64 // bytes
	liveHeap   int64 // bytes
	goroutines int
}

// A serviceStatus is what the service reports about itself.
type serviceStatus struct {
	Goroutines    int
	LiveHeapBytes int64
	Peers         []peerCount
}

// A peerCount is what the service sent to one peer.
type peerCount struct {
	Peer                                      string
	Calls, Hedges, Retries, Skipped, Openings int
}

func (m monitor) status(ctx context.Context) (s serviceStatus, err error) {
	body, err := m.client.fetch(ctx, customer{}, "/_local/runtime")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(body, &s)
}

func (m monitor) sample(ctx context.Context) (sample, error) {
	s, err := m.status(ctx)
	if err != nil {
		return sample{}, err
	}
	used, err := readUsage(m.pid)
	at := time.Now()
	return sample{
		at:         at,
		orders:     int(at.Sub(m.start).Seconds() * float64(m.rate)),
		rss:        used.rss,
		liveHeap:   s.LiveHeapBytes,
		goroutines: s.Goroutines,
	}, err
}

// watch takes samples until ctx ends. One that cannot be taken is left out, and the plot shows a
// gap.
func (m monitor) watch(ctx context.Context, every time.Duration) (all []sample) {
	for sleep(ctx, every) {
		if s, err := m.sample(ctx); err == nil {
			all = append(all, s)
		}
	}
	return all
}

// rest waits until an idle service has no more goroutines than before, except for a few, and
// returns how many it has, at the latest when every connection that it keeps for a while must be
// closed.
func (m monitor) rest(ctx context.Context, before int) (goroutines int, err error) {
	for end := time.Now().Add(restTime); ; {
		m.client.close()
		s, err := m.status(ctx)
		if err != nil || s.Goroutines <= before+goroutineSlack || time.Now().After(end) || !sleep(ctx, time.Second) {
			return s.Goroutines, err
		}
	}
}

// A usage is what has been used of the machine so far.
type usage struct {
	service       time.Duration // CPU time of the service
	busy, machine time.Duration // of all CPUs: at work, and altogether
	rss           int64         // bytes that the service has in memory
}

// readUsage reads Linux's own figures of a process and of the machine. Elsewhere there are none.
func readUsage(pid int) (u usage, err error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return usage{}, nil
	}
	process, err := fs.Proc(pid)
	if err != nil {
		return u, err
	}
	stat, err := process.Stat()
	if err != nil {
		return u, err
	}
	machine, err := fs.Stat()
	if err != nil {
		return u, err
	}
	c := machine.CPUTotal
	busy := c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	return usage{
		service: seconds(stat.CPUTime()),
		busy:    seconds(busy),
		machine: seconds(busy + c.Idle + c.Iowait),
		rss:     int64(stat.ResidentMemory()),
	}, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// since returns what was used between two readings. The memory is that of the later one.
func (u usage) since(before usage) usage {
	return usage{u.service - before.service, u.busy - before.busy, u.machine - before.machine, u.rss}
}
