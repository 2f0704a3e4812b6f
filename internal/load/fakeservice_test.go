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

// A lie is something that a service does and should not. Each is told once, about the first order there is.
type lie string

const (
	honest            lie = ""
	loses             lie = "loses"             // answers 201 and stores nothing
	forgets           lie = "forgets"           // lists an order that cannot be read
	doubles           lie = "doubles"           // stores the order under a second id as well
	repeatsItself     lie = "repeats itself"    // lists an order twice
	changesItsMind    lie = "changes its mind"  // reads another order than it answered
	announcesNone     lie = "announces none"    // of all orders
	announcesGhost    lie = "announces a ghost" // that is not stored
	announcesTwice    lie = "announces twice"   // which is allowed
	mixesUp           lie = "mixes up"          // answers with the first order whatever is asked for
	refusesOnce       lie = "refuses once"      // which is allowed
	refusesForEver    lie = "refuses for ever"  // what would be allowed once
	storesAndHangsUp  lie = "stores and hangs up"
	hangsUpAndForgets lie = "hangs up and forgets" // which is allowed: nothing was promised
)

// A fakeService answers as the service does, but for one lie.
type fakeService struct {
	lie lie

	mu     sync.Mutex
	asked  int
	orders []order.Order
	events []string // ids of announced orders
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
	f.asked++
	first := f.asked == 1
	if f.lie == refusesForEver || f.lie == refusesOnce && first {
		w.Header().Set("Retry-After", "1")
		reply(w, http.StatusServiceUnavailable, problem{"Service unavailable", []string{"Failure to contact the users service"}})
		return
	}
	if f.lie == hangsUpAndForgets && first {
		panic(http.ErrAbortHandler)
	}
	o := f.wanted(r, user)
	status := http.StatusCreated
	if i := slices.IndexFunc(f.orders, func(old order.Order) bool { return old.OrderID == o.OrderID }); i >= 0 {
		status, o = http.StatusOK, f.orders[i]
		w.Header().Set("Idempotent-Replayed", "true")
	} else {
		f.store(o, first)
	}
	if f.lie == storesAndHangsUp && first {
		panic(http.ErrAbortHandler)
	}
	if f.lie == mixesUp {
		o.OrderID = f.orders[0].OrderID
	}
	w.Header().Set("Location", "/orders/"+o.OrderID)
	reply(w, status, o.Public())
}

func (f *fakeService) wanted(r *http.Request, user string) order.Order {
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
	if f.lie == loses && first {
		f.events = append(f.events, o.OrderID)
		return
	}
	f.orders = append(f.orders, o)
	f.events = append(f.events, o.OrderID)
	if f.lie == doubles && first {
		o.OrderID = order.IDFor("another")
		f.orders = append(f.orders, o)
	}
	if f.lie == announcesTwice && first {
		f.events = append(f.events, o.OrderID)
	}
}

func (f *fakeService) get(w http.ResponseWriter, id string) {
	i := slices.IndexFunc(f.orders, func(o order.Order) bool { return o.OrderID == id })
	if i < 0 || f.lie == forgets && i == 0 {
		reply(w, http.StatusNotFound, problem{Message: "Order not found"})
		return
	}
	o := f.orders[i].Public()
	if f.lie == changesItsMind && i == 0 {
		o.Total++
	}
	reply(w, http.StatusOK, o)
}

// list gives one order a page, so that pages are gone through.
func (f *fakeService) list(w http.ResponseWriter, user, token string) {
	own := []order.Order{}
	for i, o := range f.orders {
		if o.UserID == user {
			own = append(own, o.Public())
			if f.lie == repeatsItself && i == 0 {
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
	for _, id := range f.events {
		if f.lie != announcesNone {
			events = append(events, map[string]any{"source": "ecommerce.orders", "detail-type": "OrderCreated", "resources": []string{id}})
		}
	}
	if f.lie == announcesGhost {
		events = append(events, map[string]any{"source": "ecommerce.orders", "detail-type": "OrderCreated", "resources": []string{"ghost"}})
	}
	reply(w, http.StatusOK, events)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// startFake is a shopper at a fake service, and baskets of two customers.
func startFake(t *testing.T, l lie) (*shopper, []basket) {
	t.Helper()
	server := httptest.NewServer(&fakeService{lie: l})
	s := newShopper(server.URL)
	t.Cleanup(func() {
		s.close()
		server.Close()
	})
	n := &neighbours{catalogue: fakepeers.NewCatalogue(), payment: &fakepeers.Payment{}}
	baskets, err := fillBaskets(n, []customer{{"user-1", "user-1"}, {"user-2", "user-2"}}, 7)
	require.NoError(t, err)
	return s, baskets
}
