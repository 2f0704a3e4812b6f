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
	// settleTime is how long everything may take to recover once the faults are over.
	settleTime  = time.Minute
	settlePause = 250 * time.Millisecond
	// quietTime is how long after the last event no more are expected.
	quietTime = 10 * time.Second
	// proofWorkers is how many requests of a proof are in flight at once.
	proofWorkers = 16
	// maxViolations bounds what is reported about a service that is wrong throughout.
	maxViolations = 20
)

// A proof is what was found when the responses of a run were compared with what the service has.
type proof struct {
	tokens     int // orders that were requested
	stored     int // orders that the service has
	retried    int // requests that were sent again, because their response had no order
	twice      int // orders published more than once, which is allowed
	lost       int // orders that were returned and cannot be read as they were, or are not published
	total      int // violations, lost orders included
	violations []string
}

func (p *proof) add(format string, values ...any) {
	p.total++
	if len(p.violations) < maxViolations {
		p.violations = append(p.violations, fmt.Sprintf(format, values...))
	}
}

// err returns nil if nothing was lost, doubled or made up.
func (p *proof) err() error {
	if p.total == 0 {
		return nil
	}
	return fmt.Errorf("%d violations, the first: %s", p.total, p.violations[0])
}

// A prover compares a service with its own responses. Nothing around the service may fail any more.
type prover struct {
	*client
	requests  []orderRequest
	responses []response // one for each request
	proof     proof

	settle time.Duration // how long requests are retried
	quiet  time.Duration // how long to wait for events while none come
}

// prove retries every request whose response had no order. Then it demands that the orders that
// were returned are the orders that are stored, one for each payment token, and that exactly these
// are published. The error is for a service that cannot be reached.
func prove(ctx context.Context, c *client, requests []orderRequest, responses []response) (*proof, error) {
	p := &prover{client: c, requests: requests, responses: slices.Clone(responses), settle: settleTime, quiet: quietTime}
	return p.prove(ctx)
}

func (p *prover) prove(ctx context.Context) (*proof, error) {
	p.proof.tokens = len(p.requests)
	p.retryAll(ctx)
	returned := p.returned()
	if err := p.compareLists(ctx, returned); err != nil {
		return nil, err
	}
	p.readEach(ctx)
	if err := p.compareEvents(ctx, returned); err != nil {
		return nil, err
	}
	return &p.proof, ctx.Err()
}

// retryAll retries the requests whose response had no order, until it has one.
func (p *prover) retryAll(ctx context.Context) {
	for _, r := range p.responses {
		if !r.hasOrder() {
			p.proof.retried++
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.settle)
	defer cancel()
	p.each(func(i int) { p.retry(ctx, i) })
	for i, r := range p.responses {
		if !r.hasOrder() {
			p.proof.add("request %d cannot be retried: %s", i, r.problem)
		}
	}
}

func (p *prover) retry(ctx context.Context, i int) {
	for !p.responses[i].hasOrder() && ctx.Err() == nil {
		r := p.create(ctx, p.requests[i], time.Now())
		if r.verdict == unanswered && ctx.Err() != nil {
			return // cut off, which says less than the response before
		}
		if p.responses[i] = r; !r.hasOrder() {
			sleep(ctx, settlePause)
		}
	}
}

// each calls work for every request, for some at once.
func (p *prover) each(work func(i int)) {
	var workers sync.WaitGroup
	for worker := range proofWorkers {
		workers.Go(func() {
			for i := worker; i < len(p.requests); i += proofWorkers {
				work(i)
			}
		})
	}
	workers.Wait()
}

// returned maps the IDs of the orders that were returned to their requests.
func (p *prover) returned() map[string]int {
	requests := make(map[string]int, len(p.responses))
	for i, r := range p.responses {
		if !r.hasOrder() {
			continue
		}
		if other, taken := requests[r.orderID]; taken {
			p.proof.add("requests %d and %d got the same order, %s", other, i, r.orderID)
		}
		requests[r.orderID] = i
	}
	return requests
}

// readEach demands that every order is read as it was returned.
func (p *prover) readEach(ctx context.Context) {
	problems := make([]string, len(p.requests))
	p.each(func(i int) {
		if r := p.responses[i]; r.hasOrder() {
			problems[i] = p.read(ctx, p.requests[i].customer, r)
		}
	})
	for i, problem := range problems {
		if problem != "" {
			p.proof.lost++
			p.proof.add("order %s %s", p.responses[i].orderID, problem)
		}
	}
}

func (p *prover) read(ctx context.Context, by customer, r response) (problem string) {
	status, body, err := p.get(ctx, by, "/orders/"+r.orderID)
	switch {
	case err != nil:
		return "cannot be read"
	case status != http.StatusOK:
		return "cannot be read: " + describe(status, body)
	case sha256.Sum256(body) != r.digest:
		return "differs from the order that was returned"
	}
	return ""
}
