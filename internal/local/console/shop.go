package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"orders/internal/local/fakepeers"
	"orders/internal/strictjson"
)

// A shopper is a user whom the shop offers. The fake users service knows every UUID.
type shopper struct{ Name, ID string }

var shoppers = []shopper{
	{"Ada", "11111111-2222-4333-8444-555555555555"},
	{"Grace", "22222222-3333-4444-8555-666666666666"},
	{"Nobody (unknown to users)", "nobody"},
}

// A breakage is a way to make an order invalid.
type breakage struct{ Name, Label, Result string }

var breakages = []breakage{
	{"price", "Wrong price", "422: products rejects it"},
	{"product", "Unknown product", "422: products rejects it"},
	{"token", "Another user's token", "409: the token bought another order"},
	{"quantity", "Negative quantity", "400: it does not match the schema"},
}

type shopView struct {
	Products  []fakepeers.Product
	Countries []string
	Shoppers  []shopper
	Breakages []breakage
}

func (c *console) serveShop(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, "shop", http.StatusOK, "Shop", shopView{
		Products: c.Catalogue, Shoppers: shoppers, Breakages: breakages,
		Countries: []string{"US", "DE", "SE", "GB", "JP", "CA", "FR"},
	})
}

// A basket is what the shop's page sends.
type basket struct {
	User    string
	Country string
	Items   map[string]int64 // quantities by product ID
	Break   string           // the name of a breakage, or ""
	Repeat  string           // the body of an earlier request to send again, or ""
}

// newOrder returns the order of a basket, with a new payment token.
func (c *console) newOrder(b basket) fakepeers.SampleOrder {
	var lines []fakepeers.SampleLine
	for _, product := range c.Catalogue {
		if quantity := b.Items[product.ProductID]; quantity > 0 {
			lines = append(lines, fakepeers.SampleLine{Product: product, Quantity: quantity})
		}
	}
	return fakepeers.NewOrder(lines, b.Country, c.Payment)
}

// quote returns what a basket costs.
func (c *console) quote(w http.ResponseWriter, r *http.Request) {
	b, ok := readBasket(w, r)
	if !ok {
		return
	}
	o := c.newOrder(b)
	respondJSON(w, map[string]int64{"deliveryPrice": o.DeliveryPrice, "total": o.Total()})
}

// An exchange is a request as it went to the API, and its response.
type exchange struct {
	Request  message `json:"request"`
	Response message `json:"response"`
	OrderID  string  `json:"orderId,omitempty"`
	Took     string  `json:"took"`
}

type message struct {
	Line    string   `json:"line"`
	Headers []string `json:"headers"`
	Body    string   `json:"body"`
}

// placeOrder sends a real request to the API, as the user's client does.
func (c *console) placeOrder(w http.ResponseWriter, r *http.Request) {
	b, ok := readBasket(w, r)
	if !ok {
		return
	}
	body := []byte(b.Repeat)
	if b.Repeat == "" {
		var err error
		if body, err = c.bodyOf(r.Context(), b); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	result, err := c.send(r.Context(), b.User, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	respondJSON(w, result)
}

// bodyOf returns the body of a create request, broken as the basket says.
func (c *console) bodyOf(ctx context.Context, b basket) ([]byte, error) {
	o := c.newOrder(b)
	if len(o.Products) > 0 {
		switch b.Break {
		case "price":
			o.Products[0].Price-- // the token covers it
		case "product":
			o.Products[0].ProductID = "00000000-0000-4000-8000-000000000000"
		case "quantity":
			o.Products[0].Quantity = -1
		}
	}
	body, err := strictjson.Marshal(o)
	if err == nil && b.Break == "token" {
		other := shoppers[0].ID
		if b.User == other {
			other = shoppers[1].ID
		}
		_, err = c.send(ctx, other, body) // which buys an order of the other user
	}
	return body, err
}

func (c *console) send(ctx context.Context, userID string, body []byte) (exchange, error) {
	token, err := c.Token(userID)
	if err != nil {
		return exchange{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/orders", bytes.NewReader(body))
	if err != nil {
		return exchange{}, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	return exchangeOf(http.DefaultClient, request, body)
}

func headerLines(header http.Header) []string {
	lines := []string{} // not null
	for name, values := range header {
		for _, value := range values {
			lines = append(lines, fmt.Sprintf("%s: %s", name, truncate(value)))
		}
	}
	slices.Sort(lines)
	return lines
}

func readBasket(w http.ResponseWriter, r *http.Request) (b basket, ok bool) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&b); err != nil {
		http.Error(w, "The basket is not valid JSON", http.StatusBadRequest)
		return basket{}, false
	}
	return b, true
}

func respondJSON(w http.ResponseWriter, value any) {
	body, err := strictjson.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // fails only if the client has gone
}
