package simulation

import (
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"orders/internal/order"
)

// A sight is what a customer saw when reading an order by its id.
type sight struct {
	customer *customer
	status   int
	order    map[string]any
	due      bool // whether the customer had been told that the order is stored
}

// look reads the order that the wish is about, which may be somebody else's.
func (c *customer) look() {
	h := c.history
	due := false
	for _, r := range h.repliesTo(c) {
		due = due || r.order != nil
	}
	for try := 1; try <= 4*attempts; try++ {
		event := proxied(http.MethodGet, "/orders/{orderId}", c.wish.User, func(r *events.APIGatewayProxyRequest) {
			r.PathParameters = map[string]string{"orderId": c.wish.orderID()}
		})
		s := sight{customer: c, due: due}
		answered, err := h.getOrder(fmt.Sprintf("%s looks.%d", c.name, try), event)
		if err == nil {
			s.status, s.order = readProxied(answered)
		}
		h.scheduler.cross(&call{at: world, name: c.name + " sees", do: func(fate) string {
			h.sights = append(h.sights, s)
			return fmt.Sprint(s.status)
		}})
		if s.status == http.StatusOK || s.status == http.StatusNotFound {
			return
		}
		time.Sleep(10 * quantum)
	}
}

func (w wish) orderID() string { return order.IDFor(order.PaymentToken(w.Token)) }

// A list is all ids that a user's list of orders shows, page by page.
type list struct {
	user string
	ids  []string
	fail int // the status of a page that was none
}

func (h *history) readList(user string) {
	l := list{user: user}
	query := map[string]string{"limit": "1"}
	for page := 1; ; page++ {
		event := proxied(http.MethodGet, "/orders", user, func(r *events.APIGatewayProxyRequest) { r.QueryStringParameters = query })
		answered, err := h.getOrder(fmt.Sprintf("%s reads page %d", user, page), event)
		if err != nil {
			l.fail = http.StatusBadGateway
			break
		}
		status, body := readProxied(answered)
		if status != http.StatusOK {
			l.fail = status
			break
		}
		for _, o := range body["orders"].([]any) {
			l.ids = append(l.ids, o.(map[string]any)["orderId"].(string))
		}
		next, more := body["nextToken"].(string)
		if !more {
			break
		}
		query["nextToken"] = next
	}
	h.scheduler.cross(&call{at: world, name: user + " has read", do: func(fate) string {
		h.lists = append(h.lists, l)
		return fmt.Sprint(len(l.ids))
	}})
}
