package simulation

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// A list is what a user got by paging to the end.
type list struct {
	name     string // of the reader
	user     string
	status   string // of the orders requested, or "" for all
	orders   []map[string]any
	failed   int // the status of a page that never succeeded, or 0
	from, to int // records in the stream when paging began and ended
}

// readList pages to the end, one order at a time.
func (h *history) readList(name, user, status string) {
	l := list{name: name, user: user, status: status, from: len(h.table.records)}
	query := map[string]string{"limit": "1"}
	if status != "" {
		query["status"] = status
	}
	for page, more := 1, true; more; page++ {
		code, body := h.readPage(fmt.Sprintf("%s page %d", name, page), user, query)
		if body == nil {
			l.failed = code
			break
		}
		for _, o := range body["orders"].([]any) {
			l.orders = append(l.orders, o.(map[string]any))
		}
		query["nextToken"], more = body["nextToken"].(string)
	}
	h.scheduler.cross(&call{at: others, name: name + " ends", do: func(fate) string {
		l.to = len(h.table.records)
		h.lists = append(h.lists, l)
		return fmt.Sprint(len(l.orders))
	}})
}

// readPage gets a page, with retries; the body is nil if none succeeded.
func (h *history) readPage(name, user string, query map[string]string) (status int, body map[string]any) {
	event := proxied(http.MethodGet, "/orders", user, func(r *events.APIGatewayProxyRequest) { r.QueryStringParameters = query })
	for attempt := 1; attempt <= 4*attempts; attempt++ {
		response, err := h.getOrder(fmt.Sprintf("%s.%d", name, attempt), event)
		if err != nil {
			status = http.StatusBadGateway
		} else if status, body = readProxied(response); status == http.StatusOK {
			return status, body
		}
		time.Sleep(10 * quantum)
	}
	return status, nil
}

// listed checks that a list has every order that belonged in it from its first page to its last,
// none twice, and each as it was meanwhile.
func (o *oracle) listed() {
	for _, l := range o.lists {
		o.find(l.failed != 0, "%s: a page failed with %d", l.name, l.failed)
		known := 0
		for _, orderID := range slices.Sorted(maps.Keys(o.orders)) {
			changes := o.orders[orderID]
			states := l.meanwhile(changes)
			found := slices.DeleteFunc(slices.Clone(l.orders), func(shown map[string]any) bool { return shown["orderId"] != orderID })
			known += len(found)
			due := l.failed == 0 && changes[0].number <= l.from && !slices.ContainsFunc(states, func(state map[string]any) bool { return !l.wants(state) })
			o.find(due && len(found) == 0, "%s: does not list %s", l.name, o.short(orderID))
			o.find(len(found) > 1, "%s: lists %s %d times", l.name, o.short(orderID), len(found))
			for _, shown := range found {
				o.find(!slices.ContainsFunc(states, func(state map[string]any) bool {
					return l.wants(state) && reflect.DeepEqual(public(state), public(shown))
				}), "%s: lists %s, which does not belong there", l.name, o.short(orderID))
			}
		}
		o.find(known != len(l.orders), "%s: lists %d orders that are not stored", l.name, len(l.orders)-known)
	}
}

// meanwhile returns the states that an order had while the user was paging.
func (l list) meanwhile(changes []change) (states []map[string]any) {
	for i, c := range changes {
		ended := i+1 < len(changes) && changes[i+1].number <= l.from
		if c.number <= l.to && !ended {
			states = append(states, c.after)
		}
	}
	return states
}

// wants reports whether an order in this state belongs in the list.
func (l list) wants(state map[string]any) bool {
	return state["userId"] == l.user && (l.status == "" || state["status"] == l.status)
}
