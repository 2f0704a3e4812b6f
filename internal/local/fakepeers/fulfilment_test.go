package fakepeers

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

type put struct {
	Source, DetailType string
	Resources          []string
	Detail             string
}

// A bus records events, and passes each to the target of its type, if any. It fails if err is set.
type bus struct {
	mu      sync.Mutex
	puts    []put
	targets map[string]func(event []byte) error
	err     error
}

func (b *bus) Put(source, detailType string, resources []string, detail json.RawMessage) error {
	b.mu.Lock()
	if b.err != nil {
		b.mu.Unlock()
		return b.err
	}
	b.puts = append(b.puts, put{source, detailType, resources, string(detail)})
	b.mu.Unlock()
	if target := b.targets[detailType]; target != nil {
		return target(fmt.Appendf(nil, `{"source":%q,"detail-type":%q,"detail":%s}`, source, detailType, detail))
	}
	return nil
}

// orderCreated has one product with a quantity and one without.
func orderCreated(id string) []byte {
	return fmt.Appendf(nil, `{"source":"ecommerce.orders","detail-type":"OrderCreated","resources":[%[1]q],"detail":{
		"orderId":%[1]q,"modifiedDate":"2026-01-23T10:53:49.131052Z","products":[
		{"productId":"b","name":"B","price":2,"quantity":3,"package":{}},{"productId":"A","name":"A","price":1,"package":{}}]}}`, id)
}

func packageCreatedEvent(id string) []byte {
	return fmt.Appendf(nil, `{"detail":{"orderId":%q,"products":[]}}`, id)
}

func TestFulfilment(t *testing.T) {
	var b bus
	f := NewFulfilment(b.Put)
	b.targets = map[string]func([]byte) error{"PackageCreated": f.Delivery}
	require.NoError(t, f.Warehouse(orderCreated("1")))
	require.Len(t, b.puts, 2)
	packed := b.puts[0]
	require.Equal(t, put{"ecommerce.warehouse", "PackageCreated", []string{"1"}, packed.Detail}, packed)
	require.JSONEq(t, `{"orderId":"1","products":[
		{"orderId":"1","productId":"A","quantity":1},
		{"orderId":"1","productId":"__metadata","status":"COMPLETED","modifiedDate":"2026-01-23T10:53:49.131052Z"},
		{"orderId":"1","productId":"b","quantity":3}]}`, packed.Detail)
	require.Equal(t, put{"ecommerce.delivery", "DeliveryCompleted", []string{"1"}, `{"orderId":"1"}`}, b.puts[1])
}

func TestRepeatedEvents(t *testing.T) {
	var b bus
	f := NewFulfilment(b.Put)
	var all sync.WaitGroup
	for range 60 {
		for _, id := range []string{"1", "2"} {
			all.Go(func() {
				if f.Warehouse(orderCreated(id)) != nil || f.Delivery(packageCreatedEvent(id)) != nil {
					t.Error("a repeated event is no error")
				}
			})
		}
	}
	all.Wait()
	var got []string
	for _, p := range b.puts {
		got = append(got, p.DetailType+" "+p.Resources[0])
	}
	require.ElementsMatch(t, []string{"PackageCreated 1", "PackageCreated 2", "DeliveryCompleted 1", "DeliveryCompleted 2"}, got)
}

func TestFailedPutIsRepeated(t *testing.T) {
	b := bus{err: errors.New("bus closed")}
	f := NewFulfilment(b.Put)
	require.ErrorIs(t, f.Warehouse(orderCreated("1")), b.err)
	require.ErrorIs(t, f.Delivery(packageCreatedEvent("1")), b.err)
	b.err = nil
	require.NoError(t, f.Warehouse(orderCreated("1")))
	require.NoError(t, f.Delivery(packageCreatedEvent("1")))
	require.Len(t, b.puts, 2)
}

func TestInvalidEvents(t *testing.T) {
	var b bus
	f := NewFulfilment(b.Put)
	for _, event := range []string{
		``, `null`, `[]`, `{}`, `{"detail":null}`, `{"detail":{}}`, `{"detail":{"orderId":""}}`, `{"detail":{"orderId":1}}`,
	} {
		require.Error(t, f.Warehouse([]byte(event)), event)
		require.Error(t, f.Delivery([]byte(event)), event)
	}
	for _, products := range []string{`null`, `{}`, `[{}]`, `[{"productId":"a","quantity":0}]`, `[{"productId":"a","quantity":null}]`} {
		event := fmt.Sprintf(`{"detail":{"orderId":"1","modifiedDate":"2026","products":%s}}`, products)
		require.Error(t, f.Warehouse([]byte(event)), event)
	}
	require.Error(t, f.Warehouse([]byte(`{"detail":{"orderId":"1","products":[]}}`)), "no modifiedDate")
	require.Empty(t, b.puts)
}

func FuzzFulfilment(f *testing.F) {
	f.Add(orderCreated("1"))
	f.Add(packageCreatedEvent("1"))
	f.Add([]byte(`{"detail":{"orderId":"1","modifiedDate":"x","products":[{"productId":"p","quantity":1e400}]}}`))
	f.Add([]byte(`{"detail":[]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		order, err := detailOf(event)
		if err != nil {
			return
		}
		packed := pack(order)
		if order.Errors() != nil {
			return
		}
		require.NotEmpty(t, packed.OrderID)
		require.Len(t, packed.Products, 1+len(order.Array("products", 0, maxItems)))
	})
}
