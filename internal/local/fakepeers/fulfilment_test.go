package fakepeers

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

type put struct {
	Source, DetailType string
	Resources          []string
	Detail             string
}

// A bus records events, and passes each to the target of its type, if any.
type bus struct {
	mu      sync.Mutex
	puts    []put
	targets map[string]func(event []byte)
}

func (b *bus) Put(source, detailType string, resources []string, detail json.RawMessage) {
	b.mu.Lock()
	b.puts = append(b.puts, put{source, detailType, resources, string(detail)})
	b.mu.Unlock()
	if target := b.targets[detailType]; target != nil {
		target(fmt.Appendf(nil, `{"source":%q,"detail-type":%q,"detail":%s}`, source, detailType, detail))
	}
}

func (b *bus) seen() []put {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.puts)
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
	synctest.Test(t, func(t *testing.T) {
		var b bus
		f := NewFulfilment(b.Put)
		defer f.Close()
		b.targets = map[string]func([]byte){"PackageCreated": func(event []byte) {
			if err := f.Delivery(t.Context(), event); err != nil {
				t.Error(err)
			}
		}}
		require.NoError(t, f.Warehouse(t.Context(), orderCreated("1")))

		time.Sleep(time.Second - 1)
		synctest.Wait()
		require.Empty(t, b.seen())

		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Len(t, b.seen(), 1)
		packed := b.seen()[0]
		require.Equal(t, put{"ecommerce.warehouse", "PackageCreated", []string{"1"}, packed.Detail}, packed)
		require.JSONEq(t, `{"orderId":"1","products":[
			{"orderId":"1","productId":"A","quantity":1},
			{"orderId":"1","productId":"__metadata","status":"COMPLETED","modifiedDate":"2026-01-23T10:53:49.131052Z"},
			{"orderId":"1","productId":"b","quantity":3}]}`, packed.Detail)

		time.Sleep(time.Second - 1)
		synctest.Wait()
		require.Len(t, b.seen(), 1)

		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []put{packed, {"ecommerce.delivery", "DeliveryCompleted", []string{"1"}, `{"orderId":"1"}`}}, b.seen())
	})
}

func TestFulfilmentTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		f := NewFulfilment(b.Put)
		defer f.Close()
		f.PackingTime, f.DeliveryTime = 3*time.Second, 0
		require.NoError(t, f.Warehouse(t.Context(), orderCreated("1")))
		require.NoError(t, f.Delivery(t.Context(), packageCreatedEvent("2")))
		time.Sleep(3*time.Second - 1)
		synctest.Wait()
		require.Len(t, b.seen(), 1)
		require.Equal(t, "DeliveryCompleted", b.seen()[0].DetailType)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Len(t, b.seen(), 2)
	})
}

func TestRepeatedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		f := NewFulfilment(b.Put)
		defer f.Close()
		for range 3 { // while it waits, and after it was put
			for range 20 {
				for _, id := range []string{"1", "2"} {
					go func() {
						if f.Warehouse(t.Context(), orderCreated(id)) != nil || f.Delivery(t.Context(), packageCreatedEvent(id)) != nil {
							t.Error("a repeated event is no error")
						}
					}()
				}
			}
			time.Sleep(time.Minute)
		}
		var got []string
		for _, p := range b.seen() {
			got = append(got, p.DetailType+" "+p.Resources[0])
		}
		require.ElementsMatch(t, []string{"PackageCreated 1", "PackageCreated 2", "DeliveryCompleted 1", "DeliveryCompleted 2"}, got)
	})
}

// synctest fails a test that leaves a goroutine behind.
func TestCloseDropsPendingSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		f := NewFulfilment(b.Put)
		started := time.Now()
		for _, id := range []string{"1", "2", "3"} {
			require.NoError(t, f.Warehouse(t.Context(), orderCreated(id)))
			require.NoError(t, f.Delivery(t.Context(), packageCreatedEvent(id)))
		}
		time.Sleep(time.Second - 1)
		f.Close()
		require.Equal(t, time.Second-1, time.Since(started), "Close does not wait for timers")

		time.Sleep(time.Minute)
		require.Empty(t, b.seen())
		require.Error(t, f.Warehouse(t.Context(), orderCreated("4")))
		require.Error(t, f.Delivery(t.Context(), packageCreatedEvent("4")))
		time.Sleep(time.Minute)
		require.Empty(t, b.seen())
		f.Close()
	})
}

func TestCloseWaitsForPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		finished := false
		f := NewFulfilment(func(string, string, []string, json.RawMessage) {
			time.Sleep(time.Minute)
			finished = true
		})
		require.NoError(t, f.Delivery(t.Context(), packageCreatedEvent("1")))
		time.Sleep(2 * time.Second)
		f.Close()
		require.True(t, finished)
	})
}

func TestInvalidEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		f := NewFulfilment(b.Put)
		defer f.Close()
		for _, event := range []string{
			``, `null`, `[]`, `{}`, `{"detail":null}`, `{"detail":{}}`, `{"detail":{"orderId":""}}`, `{"detail":{"orderId":1}}`,
		} {
			require.Error(t, f.Warehouse(t.Context(), []byte(event)), event)
			require.Error(t, f.Delivery(t.Context(), []byte(event)), event)
		}
		for _, products := range []string{`null`, `{}`, `[{}]`, `[{"productId":"a","quantity":0}]`, `[{"productId":"a","quantity":null}]`} {
			event := fmt.Sprintf(`{"detail":{"orderId":"1","modifiedDate":"2026","products":%s}}`, products)
			require.Error(t, f.Warehouse(t.Context(), []byte(event)), event)
		}
		require.Error(t, f.Warehouse(t.Context(), []byte(`{"detail":{"orderId":"1","products":[]}}`)), "no modifiedDate")
		time.Sleep(time.Minute)
		require.Empty(t, b.seen())
	})
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
