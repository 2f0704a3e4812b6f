package load

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// settleTime is how long everything may take to come right once nothing fails any more.
	settleTime  = time.Minute
	settlePause = 250 * time.Millisecond
	// quietTime is after how long without another event no more are expected.
	quietTime = 10 * time.Second
	// askers is how many requests of a proof are under way at once.
	askers = 16
	// maxFaults bounds what is told of a service that is wrong throughout.
	maxFaults = 20
)

// A proof is what was found when the answers of a run were held against what the service has.
type proof struct {
	tokens     int // orders that were asked for
	stored     int // orders that the service has
	askedAgain int // requests that had to be asked again, since they were not answered with an order
	twice      int // orders announced more than once, which is allowed
	lost       int // orders that were answered and cannot be read as they were, or are not announced
	faulty     int // everything that is wrong, lost orders included
	faults     []string
}

func (p *proof) fault(format string, values ...any) {
	p.faulty++
	if len(p.faults) < maxFaults {
		p.faults = append(p.faults, fmt.Sprintf(format, values...))
	}
}

// err is nil if nothing was lost, doubled or made up.
func (p *proof) err() error {
	if p.faulty == 0 {
		return nil
	}
	return fmt.Errorf("%d faults, the first: %s", p.faulty, p.faults[0])
}

// A prover holds a service to its answers. Nothing may fail around the service any more.
type prover struct {
	*shopper
	baskets  []basket
	outcomes []outcome // one for each basket
	proof    proof

	settle time.Duration // how long requests are asked again
	quiet  time.Duration // how long events are waited for while none come
}

// prove asks for every order again that was not answered with one, and then demands that the orders that were answered
// are the orders that are stored, one for each payment token, and that these are the ones that are announced. The
// error is for a service that cannot be asked.
func prove(ctx context.Context, s *shopper, baskets []basket, outcomes []outcome) (*proof, error) {
	p := &prover{shopper: s, baskets: baskets, outcomes: slices.Clone(outcomes), settle: settleTime, quiet: quietTime}
	return p.prove(ctx)
}

func (p *prover) prove(ctx context.Context) (*proof, error) {
	p.proof.tokens = len(p.baskets)
	p.askAgain(ctx)
	answered := p.answered()
	if err := p.compareLists(ctx, answered); err != nil {
		return nil, err
	}
	p.readEach(ctx)
	if err := p.compareEvents(ctx, answered); err != nil {
		return nil, err
	}
	return &p.proof, ctx.Err()
}

// askAgain asks for what was not answered with an order, until it is.
func (p *prover) askAgain(ctx context.Context) {
	for _, o := range p.outcomes {
		if !o.isOrdered() {
			p.proof.askedAgain++
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.settle)
	defer cancel()
	p.each(func(i int) { p.askUntilOrdered(ctx, i) })
	for i, o := range p.outcomes {
		if !o.isOrdered() {
			p.proof.fault("request %d cannot be asked again: %s", i, o.problem)
		}
	}
}

func (p *prover) askUntilOrdered(ctx context.Context, i int) {
	for !p.outcomes[i].isOrdered() && ctx.Err() == nil {
		o := p.ask(ctx, p.baskets[i], time.Now())
		if o.kind == unanswered && ctx.Err() != nil {
			return // cut off, which says less than the answer before
		}
		if p.outcomes[i] = o; !o.isOrdered() {
			sleep(ctx, settlePause)
		}
	}
}

// each runs work for every basket, for some at once.
func (p *prover) each(work func(i int)) {
	var workers sync.WaitGroup
	for worker := range askers {
		workers.Go(func() {
			for i := worker; i < len(p.baskets); i += askers {
				work(i)
			}
		})
	}
	workers.Wait()
}

// answered is the requests by the orders that they were answered with.
func (p *prover) answered() map[string]int {
	requests := make(map[string]int, len(p.outcomes))
	for i, o := range p.outcomes {
		if !o.isOrdered() {
			continue
		}
		if other, taken := requests[o.orderID]; taken {
			p.proof.fault("requests %d and %d were answered with one order, %s", other, i, o.orderID)
		}
		requests[o.orderID] = i
	}
	return requests
}

// compareLists demands that the customers' lists hold what was answered, and nothing else.
func (p *prover) compareLists(ctx context.Context, answered map[string]int) error {
	listed := map[string]bool{}
	seen := map[string]bool{}
	for _, b := range p.baskets {
		if seen[b.customer.userID] {
			continue
		}
		seen[b.customer.userID] = true
		ids, err := p.list(ctx, b.customer)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p.proof.stored++
			if listed[id] {
				p.proof.fault("order %s is listed twice", id)
			}
			if _, ok := answered[id]; !ok {
				p.proof.fault("order %s is stored, and was never answered", id)
			}
			listed[id] = true
		}
	}
	for id := range answered {
		if !listed[id] {
			p.proof.lost++
			p.proof.fault("order %s was answered, and is in no list", id)
		}
	}
	if p.proof.stored != p.proof.tokens {
		p.proof.fault("%d orders for %d payment tokens", p.proof.stored, p.proof.tokens)
	}
	return nil
}

// readEach demands that every order is read as it was answered.
func (p *prover) readEach(ctx context.Context) {
	problems := make([]string, len(p.baskets))
	p.each(func(i int) {
		if o := p.outcomes[i]; o.isOrdered() {
			problems[i] = p.read(ctx, p.baskets[i], o)
		}
	})
	for i, problem := range problems {
		if problem != "" {
			p.proof.lost++
			p.proof.fault("order %s %s", p.outcomes[i].orderID, problem)
		}
	}
}

func (p *prover) read(ctx context.Context, b basket, o outcome) (problem string) {
	status, body, err := p.get(ctx, b.customer, "/orders/"+o.orderID)
	switch {
	case err != nil:
		return "cannot be read"
	case status != http.StatusOK:
		return "cannot be read: " + describe(status, body)
	case sha256.Sum256(body) != o.digest:
		return "is read otherwise than it was answered"
	}
	return ""
}
