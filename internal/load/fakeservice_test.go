package load

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/fakepeers"
	"orders/internal/order"
)

// A flaw is something that a service does wrong. Each shows once, with the first order.
type flaw string

const (
	noFlaw             flaw = ""
	losesOrder         flaw = "loses an order"       // returns 201 and stores nothing
	cannotRead         flaw = "cannot read an order" // that it lists
	doublesOrder       flaw = "doubles an order"     // stores it under a second ID as well
	listsTwice         flaw = "lists an order twice"
	changesOrder       flaw = "changes an order" // after it was returned
	publishesNone      flaw = "publishes nothing"
	publishesGhost     flaw = "publishes an order that is not stored"
	publishesTwice     flaw = "publishes twice" // which is allowed
	mixesUp            flaw = "mixes up orders" // returns the first one, whatever was requested
	unavailableOnce    flaw = "503 once"        // which is allowed
	unavailableForEver flaw = "503 for ever"
	storesAndResets    flaw = "stores an order and resets the connection"
	resetsOnly         flaw = "resets the connection" // which is allowed: nothing was promised
)

// A fakeService responds as the service does, with one flaw.
type fakeService struct {
	flaw flaw

	mu        sync.Mutex
	creates   int
	orders    []order.Order
	published []string // order IDs
}

func (f *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.Method == http.MethodPost:
		f.create(w, r, user)
	case r.URL.Path == "/_local/events":
		f.showEvents(w)
	case r.URL.Path == "/orders":
		f.list(w, user, r.URL.Query().Get("nextToken"))
	default:
		f.get(w, strings.TrimPrefix(r.URL.Path, "/orders/"))
	}
}

func (f *fakeService) create(w http.ResponseWriter, r *http.Request, user string) {
	f.creates++
	first := f.creates == 1
	if f.flaw == unavailableForEver || f.flaw == unavailableOnce && first {
		w.Header().Set("Retry-After", "1")
		reply(w, http.StatusServiceUnavailable, problem{"Service unavailable", []string{"Failure to contact the users service"}})
		return
	}
	if f.flaw == resetsOnly && first {
		panic(http.ErrAbortHandler)
	}
	o := f.requested(r, user)
	status := http.StatusCreated
	if i := slices.IndexFunc(f.orders, func(old order.Order) bool { return old.OrderID == o.OrderID }); i >= 0 {
		status, o = http.StatusOK, f.orders[i]
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		f.store(o, first)
	}
	if f.flaw == storesAndResets && first {
		panic(http.ErrAbortHandler)
	}
	if f.flaw == mixesUp {
		o.OrderID = f.orders[0].OrderID
	}
	w.Header().Set("Location", "/orders/"+o.OrderID)
	reply(w, status, o.Public())
}

func (f *fakeService) requested(r *http.Request, user string) order.Order {
	var o order.Order
	_ = json.NewDecoder(r.Body).Decode(&o)
	o.OrderID, o.UserID, o.Status = order.IDFor(o.PaymentToken), user, order.New
	o.CreatedDate = order.NewDate(time.Now())
	o.ModifiedDate = o.CreatedDate
	for _, p := range o.Products {
		o.Total += p.Price * p.Quantity
	}
	o.Total += o.DeliveryPrice
	return o
}

func (f *fakeService) store(o order.Order, first bool) {
	if f.flaw == losesOrder && first {
		f.published = append(f.published, o.OrderID)
		return
	}
	f.orders = append(f.orders, o)
	f.published = append(f.published, o.OrderID)
	if f.flaw == doublesOrder && first {
		o.OrderID = order.IDFor("another")
		f.orders = append(f.orders, o)
	}
	if f.flaw == publishesTwice && first {
		f.published = append(f.published, o.OrderID)
	}
}

func (f *fakeService) get(w http.ResponseWriter, id string) {
	i := slices.IndexFunc(f.orders, func(o order.Order) bool { return o.OrderID == id })
	if i < 0 || f.flaw == cannotRead && i == 0 {
		reply(w, http.StatusNotFound, problem{Message: "Order not found"})
		return
	}
	o := f.orders[i].Public()
	if f.flaw == changesOrder && i == 0 {
		o.Total++
	}
	reply(w, http.StatusOK, o)
}

// list returns one order a page, so that there are several.
func (f *fakeService) list(w http.ResponseWriter, user, token string) {
	own := []order.Order{}
	for i, o := range f.orders {
		if o.UserID == user {
			own = append(own, o.Public())
			if f.flaw == listsTwice && i == 0 {
				own = append(own, o.Public())
			}
		}
	}
	page := map[string]any{"orders": own[:min(1, len(own))]}
	if len(token) < len(own) {
		page["orders"] = own[len(token) : len(token)+1]
	}
	if len(token)+1 < len(own) {
		page["nextToken"] = token + "&" // as long as there are pages before
	}
	reply(w, http.StatusOK, page)
}

func (f *fakeService) showEvents(w http.ResponseWriter) {
	events := []map[string]any{{"source": "ecommerce.warehouse", "detail-type": "PackageCreated", "resources": []string{"other"}}}
	for _, id := range f.published {
		if f.flaw != publishesNone {
			events = append(events, map[string]any{"source": "ecommerce.orders", "detail-type": "OrderCreated", "resources": []string{id}})
		}
	}
	if f.flaw == publishesGhost {
		events = append(events, map[string]any{"source": "ecommerce.orders", "detail-type": "OrderCreated", "resources": []string{"ghost"}})
	}
	reply(w, http.StatusOK, events)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// startFake returns a client of a fake service, and requests of two customers.
func startFake(t *testing.T, f flaw) (*client, []orderRequest) {
	t.Helper()
	server := httptest.NewServer(&fakeService{flaw: f})
	c := newClient(server.URL)
	t.Cleanup(func() {
		c.close()
		server.Close()
	})
	d := &dependencies{catalogue: fakepeers.NewCatalogue(), payment: &fakepeers.Payment{}}
	requests, err := newOrderRequests(d, []customer{{"user-1", "user-1"}, {"user-2", "user-2"}}, 7, 0)
	require.NoError(t, err)
	return c, requests
}
