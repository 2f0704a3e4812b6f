package load

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"
)

// A run is one scenario at one rate for a while: what was to happen, and what was measured.
type run struct {
	scenario scenario
	rate     int           // orders a second
	length   time.Duration // of the arrivals
	soak     bool          // whether it is for memory

	start     time.Time
	responses []response
	hostile   []response // to hostile requests, which must be rejected
	faults    []injectedFault
	samples   []sample
	used      usage // between the first arrival and the last response
	peers     []peerCount
	mostCalls int // writes to the table, or acceptances by the bus, of one order
	proof     *proof

	// Of a soak alone:
	orderBytes    int64 // that an order and its event take where they are kept; see [orderSize]
	before, after int   // goroutines of the service before the first order, and when all is at rest
}

// sampling returns how often the service is sampled.
func (r *run) sampling() time.Duration {
	if r.soak {
		return 5 * time.Second
	}
	return time.Second
}

// execute starts everything, sends the requests, and proves. Everything ends with it. The service's
// log goes to a file.
func (r *run) execute(ctx context.Context, logFile string) (err error) {
	d, err := startDependencies(ctx, r.scenario)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	settings := append([]string{"PORT=0", "FULFILMENT=off", "LOG_LEVEL=WARN", "AWS_REGION=" + region}, d.environment...)
	s, err := startService(ctx, settings, logFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	bus, err := url.Parse(s.url)
	if err != nil {
		return err
	}
	d.bus.Store(bus)
	c := newClient(s.url)
	defer c.close()
	return r.test(ctx, d, monitor{client: c, pid: s.pid(), rate: r.rate})
}

// test prepares the requests, sends them, and proves.
func (r *run) test(ctx context.Context, d *dependencies, m monitor) error {
	all, err := m.client.signInAll(ctx)
	if err != nil {
		return err
	}
	requests, err := newOrderRequests(d, all, int(r.length.Seconds()*float64(r.rate)), r.scenario.invalid)
	if err != nil {
		return err
	}
	h, err := newHostileGenerator(ctx, m.client, r)
	if err != nil {
		return err
	}
	defer h.close()
	if r.soak {
		if err := r.beginSoak(ctx, m, requests[0]); err != nil {
			return err
		}
	}
	if err := r.generate(ctx, d, m, requests, h); err != nil {
		return err
	}
	d.endFaults()
	r.faults = d.log.list()
	r.mostCalls = d.mostCalls()
	if r.proof, err = prove(ctx, m.client, requests, r.responses); err != nil {
		return err
	}
	if r.soak {
		r.after, err = m.rest(ctx, r.before)
	}
	return err
}

// generate sends every request at its time, while faults are injected and the service is monitored.
func (r *run) generate(ctx context.Context, d *dependencies, m monitor, requests []orderRequest, h *hostileGenerator) error {
	before, err := readUsage(m.pid)
	if err != nil {
		return err
	}
	r.responses = make([]response, len(requests))
	r.start = time.Now()
	m.start = r.start
	during, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() { r.samples = m.watch(during, r.sampling()) })
	if w := r.scenario.window; w != nil {
		from, to := w.between(r.length)
		others.Go(func() { d.force(during, w, r.start.Add(from), r.start.Add(to)) })
	}
	others.Go(func() { r.hostile = h.run(ctx, r.start) })
	schedule{r.rate, len(requests)}.run(ctx, r.start, func(i int, due time.Time) {
		r.responses[i] = m.client.create(ctx, requests[i], due)
	})
	stop()
	others.Wait()
	h.close() // before the monitor counts what the service still has open
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after, err := readUsage(m.pid)
	if err != nil {
		return err
	}
	r.used = after.since(before)
	status, err := m.status(ctx)
	r.peers = status.Peers
	return err
}
