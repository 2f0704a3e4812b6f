package privacy

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"orders/internal/test/testworld"
)

// A table is as much of DynamoDB as the functions need to succeed: it keeps what is put, returns
// all items to every query, and accepts updates without applying them.
type table struct {
	mu    sync.Mutex
	items map[string]json.RawMessage // by order ID
}

func newTable() *table { return &table{items: map[string]json.RawMessage{}} }

// put stores an item, whatever it is.
func (s *table) put(orderID string, item json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items[orderID] = item
}

func (s *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := bodyOf(r)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	status, text := s.operate(operation, body)
	testworld.Respond(status, text)(w, r, nil)
}

func (s *table) operate(operation, body string) (status int, text string) {
	type key struct {
		OrderID struct{ S string } // orderId, in any case
	}
	var input struct {
		Item json.RawMessage
		Key  key
	}
	if json.Unmarshal([]byte(body), &input) != nil {
		return http.StatusBadRequest, `{"__type":"SerializationException"}`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operation {
	case "PutItem":
		var put key
		_ = json.Unmarshal(input.Item, &put)
		if stored, ok := s.items[put.OrderID.S]; ok {
			return http.StatusBadRequest, `{"__type":"ConditionalCheckFailedException","message":"The conditional request failed","Item":` + string(stored) + `}`
		}
		s.items[put.OrderID.S] = input.Item
	case "GetItem":
		if stored, ok := s.items[input.Key.OrderID.S]; ok {
			return http.StatusOK, `{"Item":` + string(stored) + `}`
		}
	case "Query":
		var all []string
		for _, stored := range s.items {
			all = append(all, string(stored))
		}
		return http.StatusOK, `{"Items":[` + strings.Join(all, ",") + `]}`
	}
	return http.StatusOK, `{}`
}
