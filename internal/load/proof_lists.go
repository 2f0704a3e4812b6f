package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// compareLists demands that the customers' lists contain the orders that were returned, and no
// others.
func (p *prover) compareLists(ctx context.Context, returned map[string]int) error {
	listed := map[string]bool{}
	seen := map[string]bool{}
	for _, request := range p.requests {
		by := request.customer
		if seen[by.userID] {
			continue
		}
		seen[by.userID] = true
		ids, err := p.list(ctx, by)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p.proof.stored++
			if listed[id] {
				p.proof.add("order %s is listed twice", id)
			}
			if _, ok := returned[id]; !ok {
				p.proof.add("order %s is stored, and was never returned", id)
			}
			listed[id] = true
		}
	}
	for id := range returned {
		if !listed[id] {
			p.proof.lost++
			p.proof.add("order %s was returned, and is in no list", id)
		}
	}
	if p.proof.stored != p.proof.tokens {
		p.proof.add("%d orders for %d payment tokens", p.proof.stored, p.proof.tokens)
	}
	return nil
}

// list returns the IDs of all orders in a customer's list.
func (p *prover) list(ctx context.Context, by customer) (ids []string, err error) {
	for path := "/orders?limit=100"; path != ""; {
		body, err := p.fetch(ctx, by, path)
		if err != nil {
			return nil, err
		}
		var page struct {
			Orders    []struct{ OrderID string }
			NextToken string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("list orders: %w", err)
		}
		for _, o := range page.Orders {
			ids = append(ids, o.OrderID)
		}
		path = ""
		if page.NextToken != "" {
			path = "/orders?limit=100&nextToken=" + url.QueryEscape(page.NextToken)
		}
	}
	return ids, nil
}

// compareEvents waits until every order that was returned is published, or nothing has been
// published for a while, and demands that exactly these orders are published.
func (p *prover) compareEvents(ctx context.Context, returned map[string]int) error {
	times, err := p.awaitEvents(ctx, returned)
	if err != nil {
		return err
	}
	for id := range returned {
		switch n := times[id]; {
		case n == 0:
			p.proof.lost++
			p.proof.add("order %s is not published", id)
		case n > 1:
			p.proof.twice++
		}
	}
	for id := range times {
		if _, ok := returned[id]; !ok {
			p.proof.add("order %s is published, and was never returned", id)
		}
	}
	return nil
}

func (p *prover) awaitEvents(ctx context.Context, returned map[string]int) (times map[string]int, err error) {
	for lastNews := time.Now(); ; {
		now, err := p.published(ctx)
		if err != nil {
			return nil, err
		}
		if len(now) > len(times) {
			lastNews = time.Now()
		}
		times = now
		if allIn(times, returned) || time.Since(lastNews) > p.quiet || !sleep(ctx, settlePause) {
			return times, ctx.Err()
		}
	}
}

func allIn(times, returned map[string]int) bool {
	for id := range returned {
		if times[id] == 0 {
			return false
		}
	}
	return true
}

// published returns how often each order was published as created.
func (p *prover) published(ctx context.Context) (map[string]int, error) {
	body, err := p.fetch(ctx, customer{}, "/_local/events")
	if err != nil {
		return nil, err
	}
	var events []struct {
		DetailType string `json:"detail-type"`
		Source     string
		Resources  []string
	}
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	times := map[string]int{}
	for _, event := range events {
		if event.Source == "ecommerce.orders" && event.DetailType == "OrderCreated" {
			for _, id := range event.Resources {
				times[id]++
			}
		}
	}
	return times, nil
}
