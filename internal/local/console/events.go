package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"orders/internal/local/eventbridge"
)

// maxEvents is the number of events on the page.
const maxEvents = 100

// eventTypes are the choices of the filter.
var eventTypes = []string{"OrderCreated", "OrderModified", "OrderDeleted", "PackageCreated", "PackagingFailed", "DeliveryCompleted", "DeliveryFailed"}

type eventsView struct {
	Types       []string
	Type, Order string
	Events      []eventbridge.Event
	Total       int
	Updates     []updateKind
	Put         string // the ID of the event that was just put, or ""
	Problem     string
}

func (c *console) serveEvents(w http.ResponseWriter, r *http.Request) {
	v := eventsView{Types: eventTypes, Updates: updateKinds, Type: r.URL.Query().Get("type"), Order: r.URL.Query().Get("order"), Put: r.URL.Query().Get("put")}
	c.renderEvents(w, r, http.StatusOK, v)
}

func (c *console) renderEvents(w http.ResponseWriter, r *http.Request, status int, v eventsView) {
	all := c.Events()
	v.Total = len(all)
	for _, e := range slices.Backward(all) {
		ofOrder := v.Order == "" || slices.ContainsFunc(e.Resources, func(id string) bool { return strings.Contains(id, v.Order) })
		if ofOrder && (v.Type == "" || e.DetailType == v.Type) {
			v.Events = append(v.Events, e)
		}
		if len(v.Events) == maxEvents {
			break
		}
	}
	c.render(w, r, "events", status, "Events", v)
}

// putEvent puts the event of the form on the bus.
func (c *console) putEvent(w http.ResponseWriter, r *http.Request) {
	source, detailType, orderID, detail := r.FormValue("source"), r.FormValue("type"), r.FormValue("order"), r.FormValue("detail")
	var object map[string]any
	problem := ""
	if source == "" || detailType == "" || orderID == "" {
		problem = "Source, type and order must not be empty."
	} else if json.Unmarshal([]byte(detail), &object) != nil || object == nil {
		problem = "The detail must be a JSON object."
	}
	if problem == "" {
		id, err := c.Put(source, detailType, orderID, []byte(detail))
		if err == nil {
			http.Redirect(w, r, Path+"events?put="+id, http.StatusSeeOther)
			return
		}
		problem = err.Error()
	}
	c.renderEvents(w, r, http.StatusBadRequest, eventsView{Types: eventTypes, Updates: updateKinds, Problem: problem})
}
