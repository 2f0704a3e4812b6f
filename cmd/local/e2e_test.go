package main

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOrderFromNewToFulfilled(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.newUser(t)
	request := s.newRequest(t)
	require.GreaterOrEqual(t, len(request["products"].([]any)), 2)
	body := request.encode(t)

	created := ada.post(t, body)
	o := created.order(t, http.StatusCreated)
	require.Equal(t, "/orders/"+o.OrderID, created.header.Get("Location"))
	require.Equal(t, "application/json", created.header.Get("Content-Type"))
	created.requireCORS(t)
	require.Equal(t, ada.id, o.UserID)
	require.Equal(t, "NEW", o.Status)
	require.Equal(t, o.CreatedDate, o.ModifiedDate)
	require.EqualValues(t, request.total(), o.Total)
	require.NotContains(t, string(created.body), "paymentToken")

	again := ada.post(t, body)
	require.Equal(t, o.OrderID, again.order(t, http.StatusOK).OrderID)
	require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))

	fulfilled := ada.waitForStatus(t, o.OrderID, "FULFILLED")
	require.Equal(t, o.Products, fulfilled.Products)
	require.Equal(t, o.Total, fulfilled.Total)
	require.Greater(t, fulfilled.ModifiedDate, o.ModifiedDate)
	listed, nextToken := ada.list(t, "?limit=20")
	require.Equal(t, []placed{fulfilled}, listed)
	require.Empty(t, nextToken)

	backend := s.backend(t, o.OrderID).order(t, http.StatusOK)
	require.Equal(t, request["paymentToken"], backend.PaymentToken)
	events := s.waitForEvents(t, o.OrderID, 5)
	require.Equal(t, "OrderCreated", events[0].DetailType)
	require.ElementsMatch(t, []string{"OrderCreated", "PackageCreated", "OrderModified", "DeliveryCompleted", "OrderModified"}, typesOf(events))
	require.JSONEq(t, `[]`, string(s.get(t, "/_local/dead-letters", "").body))
}

func TestTwentyEqualRequestsCreateOneOrder(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	body := s.newRequest(t).encode(t)

	replies := make([]reply, 20)
	errs := make([]error, len(replies))
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range replies {
		all.Go(func() {
			<-begin
			replies[i], errs[i] = ada.call(context.WithoutCancel(t.Context()), http.MethodPost, "/orders", ada.authorization, body)
		})
	}
	close(begin)
	all.Wait()

	statuses := map[int]int{}
	for i, r := range replies {
		require.NoError(t, errs[i])
		require.JSONEq(t, string(replies[0].body), string(r.body))
		require.Equal(t, r.status == http.StatusOK, r.header.Get("Idempotent-Replayed") == "true")
		statuses[r.status]++
	}
	require.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: 19}, statuses)

	// The stream keeps its order: when a later order is published, everything before it has been.
	last := ada.order(t)
	s.waitForEvents(t, last.OrderID, 1)
	require.Equal(t, []string{"OrderCreated", "OrderCreated"}, typesOf(s.events(t)))
	listed, _ := ada.list(t, "")
	require.Len(t, listed, 2)
}

func TestEventsEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	request := s.newRequest(t)
	o := ada.post(t, request.encode(t)).order(t, http.StatusCreated)

	e := s.waitForEvents(t, o.OrderID, 1)[0]

	require.Equal(t, "0", e.Version)
	require.NotEmpty(t, e.ID)
	require.NotEmpty(t, e.Time)
	require.Equal(t, "ecommerce.orders", e.Source)
	var detail placed
	require.NoError(t, json.Unmarshal(e.Detail, &detail))
	require.Equal(t, request["paymentToken"], detail.PaymentToken)
	detail.PaymentToken = ""
	require.Equal(t, o, detail)
}
