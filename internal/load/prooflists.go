package load

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// list is the ids of all orders in a customer's list.
func (p *prover) list(ctx context.Context, c customer) (ids []string, err error) {
	for path := "/orders?limit=100"; path != ""; {
		body, err := p.fetch(ctx, c, path)
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

// compareEvents waits until every order is announced, or nothing more is for a while, and demands that these orders
// are announced and no others.
func (p *prover) compareEvents(ctx context.Context, answered map[string]int) error {
	times, err := p.awaitEvents(ctx, answered)
	if err != nil {
		return err
	}
	for id := range answered {
		switch n := times[id]; {
		case n == 0:
			p.proof.lost++
			p.proof.fault("order %s is not announced", id)
		case n > 1:
			p.proof.twice++
		}
	}
	for id := range times {
		if _, ok := answered[id]; !ok {
			p.proof.fault("order %s is announced, and was never answered", id)
		}
	}
	return nil
}

func (p *prover) awaitEvents(ctx context.Context, answered map[string]int) (times map[string]int, err error) {
	for lastNews := time.Now(); ; {
		now, err := p.announced(ctx)
		if err != nil {
			return nil, err
		}
		if len(now) > len(times) {
			lastNews = time.Now()
		}
		times = now
		if allIn(times, answered) || time.Since(lastNews) > p.quiet || !sleep(ctx, settlePause) {
			return times, ctx.Err()
		}
	}
}

func allIn(times, answered map[string]int) bool {
	for id := range answered {
		if times[id] == 0 {
			return false
		}
	}
	return true
}

// announced is how often each order was announced as created.
func (p *prover) announced(ctx context.Context) (map[string]int, error) {
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
