package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"orders/internal/order"
)

// pageSize is the number of orders on a page.
const pageSize = 50

// statuses are the choices of the filter.
var statuses = []string{"NEW", "PACKAGED", "PACKAGING_FAILED", "FULFILLED", "DELIVERY_FAILED"}

type ordersView struct {
	Filter   orderFilter
	Statuses []string
	Orders   []orderRecord
	Total    int    // of all orders
	Older    string // the query of the next page, or ""
	Newest   string // the query of the first page, or "" if this is it
}

func (c *console) serveOrders(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	v := ordersView{Statuses: statuses, Filter: orderFilter{
		User: query.Get("user"), Status: query.Get("status"), ID: query.Get("id"), Before: query.Get("before"),
	}}
	var more bool
	c.Recorder.mu.Lock()
	v.Orders, more = c.Recorder.orders.page(v.Filter, pageSize)
	v.Total = len(c.Recorder.orders.all)
	c.Recorder.mu.Unlock()
	for i := range v.Orders {
		c.complete(r, &v.Orders[i])
	}
	filter := url.Values{"user": {v.Filter.User}, "status": {v.Filter.Status}, "id": {v.Filter.ID}}
	if v.Filter.Before != "" {
		v.Newest = "?" + filter.Encode()
	}
	if more {
		filter.Set("before", v.Orders[len(v.Orders)-1].ID)
		v.Older = "?" + filter.Encode()
	}
	c.render(w, r, "orders", http.StatusOK, "Orders", v)
}

// complete reads what is not yet known of an order that is not yet published.
func (c *console) complete(r *http.Request, o *orderRecord) {
	if o.UserID != "" {
		return
	}
	if stored, err := c.Orders.Get(r.Context(), o.ID); err == nil {
		o.UserID, o.Status, o.Total = stored.UserID, string(stored.Status), stored.Total
	}
}

type orderView struct {
	Order    order.Order
	Known    bool // whether the table has it
	Problem  string
	History  []historyEntry
	Timeline timeline
	Events   []recordedEvent
	Lines    []logLine
	Updates  []updateKind
}

type historyEntry struct {
	Status string
	Date   time.Time
}

func (c *console) serveOrder(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("orderId")
	if !order.ValidID(id) {
		c.render(w, r, "missing", http.StatusNotFound, "No such order", nil)
		return
	}
	v := orderView{Updates: updateKinds}
	stored, err := c.Orders.Get(r.Context(), id)
	switch {
	case err == nil:
		v.Order, v.Known = stored, true
		v.History = historyOf(stored.Document)
	case errors.Is(err, order.ErrNotFound):
		v.Problem = "The table has no such order."
	default:
		v.Problem = "The table cannot be read: " + err.Error()
	}
	v.Order.OrderID = id
	v.Timeline, v.Events, v.Lines = c.Recorder.timeline(id)
	if !v.Known && len(v.Timeline.Steps) == 0 {
		c.render(w, r, "missing", http.StatusNotFound, "No such order", nil)
		return
	}
	c.render(w, r, "order", http.StatusOK, "Order "+id[:8], v)
}

// historyOf returns the history in a stored order. Orders written by the original have none.
func historyOf(document []byte) []historyEntry {
	var stored struct{ History []historyEntry }
	if json.Unmarshal(document, &stored) != nil {
		return nil
	}
	return stored.History
}

// An updateKind is one of the four fulfilment updates.
type updateKind struct{ Label, Source, DetailType string }

var updateKinds = []updateKind{
	{"Packaged", "ecommerce.warehouse", "PackageCreated"},
	{"Packaging failed", "ecommerce.warehouse", "PackagingFailed"},
	{"Delivered", "ecommerce.delivery", "DeliveryCompleted"},
	{"Delivery failed", "ecommerce.delivery", "DeliveryFailed"},
}

// putUpdate puts one of the four updates of an order on the bus. PackageCreated packs all products.
func (c *console) putUpdate(w http.ResponseWriter, r *http.Request) {
	id, kind := r.PathValue("orderId"), r.FormValue("type")
	i := slices.IndexFunc(updateKinds, func(u updateKind) bool { return u.DetailType == kind })
	if !order.ValidID(id) || i < 0 {
		http.Error(w, "Unknown order or update", http.StatusBadRequest)
		return
	}
	detail := map[string]any{"orderId": id}
	if stored, err := c.Orders.Get(r.Context(), id); err == nil && kind == "PackageCreated" {
		detail["products"] = stored.Products
	}
	encoded, err := json.Marshal(detail)
	if err == nil {
		_, err = c.Put(updateKinds[i].Source, kind, id, encoded)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, Path+"orders/"+id, http.StatusSeeOther)
}

// pretty returns JSON with indentation, or the text as it is.
func pretty(text []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "  ") != nil {
		return string(text)
	}
	return out.String()
}
