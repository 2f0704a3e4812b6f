package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/lambdaruntime"
	"orders/internal/local/dynamodb"
	"orders/internal/order"
)

const tableName = "bench-orders"

// A table is the orders table that functions use, and this program's own way to it.
type table struct {
	name     string // for the report
	endpoint string // for the functions
	orders   order.Store
	stop     func() error
}

func (t table) close() {
	if t.stop != nil {
		_ = t.stop() // its data is in memory, and gone either way
	}
}

// openTable is a table in DynamoDB Local, or one in its place that costs the machine next to nothing.
func openTable(ctx context.Context, o options) (table, error) {
	missing := dynamodb.Available()
	switch {
	case o.table == "local" && o.tls:
		return table{}, errors.New("DynamoDB Local speaks no HTTPS")
	case o.table == "local" || o.table == "auto" && missing == nil && !o.tls:
		return openLocal(ctx)
	}
	items := serve(&standIn{items: map[string]json.RawMessage{}}, o.tls)
	plain := serve(items.Config.Handler, false) // for this program, which need not trust a certificate
	return table{
		name:     "stand-in",
		endpoint: items.URL,
		orders:   store(plain.URL),
		stop:     func() error { items.Close(); plain.Close(); return nil },
	}, nil
}

func openLocal(ctx context.Context) (table, error) {
	server, err := dynamodb.StartServer(ctx, dynamodb.ServerOptions{})
	if err != nil {
		return table{}, err
	}
	orders := store(server.Endpoint())
	err = dynamodb.EnsureTable(ctx, orders.Client, tableName)
	return table{name: "DynamoDB Local", endpoint: server.Endpoint(), orders: orders, stop: server.Close}, err
}

func store(endpoint string) *dynamo.Store {
	env := environment.NewReader(func(name string) string {
		return map[string]string{
			"AWS_REGION":            lambdaruntime.Region,
			"AWS_ACCESS_KEY_ID":     lambdaruntime.AccessKeyID,
			"AWS_SECRET_ACCESS_KEY": lambdaruntime.SecretAccessKey,
		}[name]
	})
	return &dynamo.Store{Client: dynamo.NewClient(env.AWS(), endpoint, dynamo.Timing{}), Table: tableName}
}

// A standIn is a table behind DynamoDB's protocol as far as the functions' calls here need it: no condition ever fails,
// and updates are accepted and forgotten.
type standIn struct {
	mu    sync.Mutex
	items map[string]json.RawMessage
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	type key struct{ OrderID struct{ S string } }
	var in struct {
		Key  key
		Item json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := []byte("{}")
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "PutItem":
		var put key
		_ = json.Unmarshal(in.Item, &put) // was read before
		s.items[put.OrderID.S] = in.Item
	case "GetItem":
		if item, ok := s.items[in.Key.OrderID.S]; ok {
			answer, _ = json.Marshal(map[string]json.RawMessage{"Item": item}) // cannot fail
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write(answer)
}
