package privacy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"orders/internal/order"
)

// A table is as much of DynamoDB as the functions need to get through: it keeps what is put, shows all of it to whoever
// asks for any of it, and takes no updates, though it says so.
type table struct {
	*server

	mu    sync.Mutex
	items map[string]json.RawMessage // by order id
}

func newTable(t *testing.T) *table {
	kept := &table{items: map[string]json.RawMessage{}}
	kept.server = newServer(t, kept.operate)
	return kept
}

func (k *table) operate(r *http.Request, body string) (status int, text string) {
	var in struct {
		Item json.RawMessage
		Key  struct{ OrderID attribute } // orderId, read in any case
	}
	var key struct{ OrderID attribute }
	if json.Unmarshal([]byte(body), &in) != nil {
		return http.StatusBadRequest, `{"__type":"SerializationException"}`
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "PutItem":
		_ = json.Unmarshal(in.Item, &key)
		if stored, ok := k.items[key.OrderID.S]; ok {
			return http.StatusBadRequest, `{"__type":"ConditionalCheckFailedException","message":"The conditional request failed","Item":` + string(stored) + `}`
		}
		k.items[key.OrderID.S] = in.Item
	case "GetItem":
		if stored, ok := k.items[in.Key.OrderID.S]; ok {
			return http.StatusOK, `{"Item":` + string(stored) + `}`
		}
	case "Query":
		var all []string
		for _, stored := range k.items {
			all = append(all, string(stored))
		}
		return http.StatusOK, `{"Items":[` + strings.Join(all, ",") + `]}`
	}
	return http.StatusOK, `{}`
}

// An attribute is a text in an item.
type attribute struct{ S string }

// keep puts an item into the table, whatever it is.
func (k *table) keep(orderID string, item json.RawMessage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.items[orderID] = item
}

// itemOf is an order as the table and its stream have it.
func itemOf(o order.Order) json.RawMessage { return item(decode(encode(o))) }

// item is a document, which must be an object, as the table has it.
func item(document any) json.RawMessage {
	return encode(attributeOf(document).(map[string]any)["M"])
}

// attributeOf is a value with its type.
func attributeOf(value any) any {
	switch v := value.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, member := range v {
			members[name] = attributeOf(member)
		}
		return map[string]any{"M": members}
	case []any:
		list := []any{}
		for _, element := range v {
			list = append(list, attributeOf(element))
		}
		return map[string]any{"L": list}
	case json.Number, int:
		return map[string]any{"N": fmt.Sprint(v)}
	default:
		return map[string]any{"S": v}
	}
}
