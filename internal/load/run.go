package load

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A trial is one run of one scenario.
type trial struct {
	scenario scenario
	rate     int
	length   time.Duration
	folder   string // takes the service's log
	soak     bool   // whether it is for memory, which is looked at less often, since it goes on for longer
}

// sampling is how often the service is looked at.
func (t trial) sampling() time.Duration {
	if t.soak {
		return 5 * time.Second
	}
	return time.Second
}

// run starts everything, presses, and proves. Everything ends with it.
func (t trial) run(ctx context.Context) (_ *result, err error) {
	m := &marks{}
	n, err := startNeighbours(t.scenario.peers, m)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	environment := []string{"PORT=0", "FULFILMENT=off", "LOG_LEVEL=WARN", "AWS_REGION=" + region}
	for variable, url := range n.urls {
		environment = append(environment, variable+"="+url)
	}
	kept := &keptTable{}
	if t.scenario.onTable {
		if kept, err = keepOnTable(t.scenario.throttled, m); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, kept.close()) }()
	}
	environment = append(environment, kept.environment...)
	heal := func() { n.heal(); kept.table.healed.Store(true) }
	s, err := startService(ctx, environment, filepath.Join(t.folder, "load-"+t.scenario.fileName()+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	return t.press(ctx, n, s, m, heal)
}

// press prepares the orders, asks for them, and proves.
func (t trial) press(ctx context.Context, n *neighbours, s *service, m *marks, heal func()) (*result, error) {
	shop := newShopper(s.url)
	defer shop.close()
	all, err := signInAll(ctx, shop)
	if err != nil {
		return nil, err
	}
	count := int(t.length.Seconds() * float64(t.rate))
	baskets, err := fillBaskets(n, all, count)
	if err != nil {
		return nil, err
	}
	r := &result{scenario: t.scenario, rate: t.rate, length: t.length, outcomes: make([]outcome, count)}
	watch := monitor{shopper: shop, pid: s.pid(), rate: t.rate}
	a, err := prepareAttack(ctx, shop, t)
	if err != nil {
		return nil, err
	}
	defer a.close()
	if t.soak {
		if err := r.beginSoak(ctx, watch, baskets[0]); err != nil {
			return nil, err
		}
	}
	if err := t.ask(ctx, n, watch, baskets, a, r); err != nil {
		return nil, err
	}
	heal()
	r.marks = m.list()
	if r.proof, err = prove(ctx, shop, baskets, r.outcomes); err != nil {
		return nil, err
	}
	if t.soak {
		r.rested, err = watch.rest(ctx, r.before)
	}
	return r, err
}

// ask asks for every order at its time, while the service is watched.
func (t trial) ask(ctx context.Context, n *neighbours, watch monitor, baskets []basket, a *attack, r *result) error {
	before, err := readUsage(watch.pid)
	if err != nil {
		return err
	}
	r.start = time.Now()
	watch.start = r.start
	watching, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { r.samples = watch.watch(watching, t.sampling()) })
	if from, to := t.scenario.window(t.length); to > 0 {
		beside.Go(func() { n.interrupt(watching, r.start.Add(from), r.start.Add(to)) })
	}
	beside.Go(func() { r.hostile = a.run(ctx, r.start) })
	schedule{t.rate, len(baskets)}.run(ctx, r.start, func(i int, due time.Time) {
		r.outcomes[i] = watch.shopper.ask(ctx, baskets[i], due)
	})
	stop()
	beside.Wait()
	a.close() // before anyone counts what the service still has open
	if ctx.Err() != nil {
		return ctx.Err()
	}
	after, err := readUsage(watch.pid)
	if err != nil {
		return err
	}
	r.used = after.since(before)
	seen, err := watch.condition(ctx)
	r.peers = seen.Peers
	return err
}

// A keptTable is a table beside the service, and how to tell the service of it.
type keptTable struct {
	table       table
	server      *server
	folder      string
	environment []string
}

func keepOnTable(throttled float64, m *marks) (k *keptTable, err error) {
	k = &keptTable{table: table{share: throttled, marks: m}}
	if k.folder, err = os.MkdirTemp("", "load"); err != nil {
		return nil, err
	}
	if k.server, err = startServer(&k.table); err != nil {
		return nil, errors.Join(err, os.RemoveAll(k.folder))
	}
	k.environment = []string{"TABLE=dynamodb", "DYNAMODB_ENDPOINT=" + k.server.url, "DATA=" + k.folder}
	return k, nil
}

func (k *keptTable) close() error { return errors.Join(k.server.close(), os.RemoveAll(k.folder)) }
