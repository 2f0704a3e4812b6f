package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb/dynamodbtest"
)

// onDynamoDB returns the settings of a service that keeps its orders in a folder.
func onDynamoDB(t *testing.T, folder string) []string {
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	return []string{"TABLE=dynamodb", "DATA=" + folder, "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "XDG_CACHE_HOME=" + cache}
}

func TestRestartKeepsOrdersEventsAndDeadLetters(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	t.Parallel()
	folder, id := t.TempDir(), uuid.NewString()
	s := start(t, onDynamoDB(t, folder)...)
	s.put(t, s.busName(t), "ecommerce.delivery", "DeliveryCompleted", uuid.NewString(), "{}") // of an unknown order
	placedBefore := s.signIn(t, id).order(t)
	s.signIn(t, id).waitForStatus(t, placedBefore.OrderID, "FULFILLED")
	waitFor(t, "the last event", func() bool { return s.published(t)[placedBefore.OrderID] == "FULFILLED" })
	waitFor(t, "the dead letter", func() bool { return len(s.deadLetters(t)) == 1 })
	before, letters := s.events(t), s.deadLetters(t)
	s.stop(t)

	s = start(t, onDynamoDB(t, folder)...)
	require.Equal(t, "FULFILLED", s.signIn(t, id).read(t, placedBefore.OrderID).Status)
	require.Equal(t, before, s.events(t)[:len(before)])
	require.Equal(t, letters, s.deadLetters(t)[:len(letters)])
}

func (s *service) deadLetters(t *testing.T) (letters []json.RawMessage) {
	t.Helper()
	s.get(t, "/_local/dead-letters", "").into(t, &letters)
	return letters
}

func TestRestartAfterKillPublishesEveryOrder(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	t.Parallel()
	folder, id := t.TempDir(), uuid.NewString()
	var created []string
	for range 3 {
		s := start(t, append(onDynamoDB(t, folder), "FULFILMENT=off")...)
		created = append(created, s.orderUntilKilled(t, id, 500*time.Millisecond)...)
	}
	require.NotEmpty(t, created)

	s := start(t, append(onDynamoDB(t, folder), "FULFILMENT=off")...)
	stored := s.signIn(t, id).all(t)
	for _, orderID := range created {
		require.Contains(t, stored, orderID, "an order with a 201 is stored")
	}
	waitFor(t, "an event of every stored order", func() bool {
		published := s.published(t)
		for _, orderID := range stored {
			if published[orderID] == "" {
				return false
			}
		}
		return true
	})
	for orderID := range s.published(t) {
		require.Contains(t, stored, orderID, "only stored orders are published")
	}
}

// Updates and the work of the fake warehouse and delivery are in flight when the process is killed.
func TestRestartAfterKillFulfilsEveryOrder(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	t.Parallel()
	folder, id := t.TempDir(), uuid.NewString()
	for range 3 {
		s := start(t, onDynamoDB(t, folder)...)
		s.orderUntilKilled(t, id, 3*time.Second) // an order takes two
	}

	s := start(t, onDynamoDB(t, folder)...)
	u := s.signIn(t, id)
	for _, orderID := range u.all(t) {
		u.waitForStatus(t, orderID, "FULFILLED")
	}
	require.Empty(t, s.deadLetters(t))
}

// orderUntilKilled creates orders concurrently, kills the process at a random moment within a time
// after the first order, and returns the IDs of the orders whose response was a 201.
func (s *service) orderUntilKilled(t *testing.T, userID string, within time.Duration) (created []string) {
	t.Helper()
	u := s.signIn(t, userID)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var mu sync.Mutex
	var shoppers sync.WaitGroup
	for range 4 {
		shoppers.Go(func() {
			for {
				orderID, err := u.orderOnce(ctx)
				if err != nil {
					return // the process has ended
				}
				if orderID == "" {
					continue // not created, because the table was too slow for example
				}
				mu.Lock()
				created = append(created, orderID)
				mu.Unlock()
			}
		})
	}
	waitFor(t, "the first order", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(created) > 0
	})
	time.Sleep(rand.N(within))
	require.NoError(t, s.command.Process.Kill())
	shoppers.Wait()
	require.Error(t, s.wait())
	return created
}

// orderOnce creates a sample order. The ID is empty if the response is not a 201; an error means
// that there was no response.
func (u user) orderOnce(ctx context.Context) (orderID string, err error) {
	sample, err := u.call(ctx, http.MethodGet, "/_local/sample-order", "", nil)
	if err != nil {
		return "", err
	}
	r, err := u.call(ctx, http.MethodPost, "/orders", u.authorization, sample.body)
	if err != nil || r.status != http.StatusCreated {
		return "", err
	}
	var o placed
	return o.OrderID, json.Unmarshal(r.body, &o)
}

// all returns the IDs of all of the user's orders.
func (u user) all(t *testing.T) (ids []string) {
	t.Helper()
	for query := "?limit=100"; query != ""; {
		orders, next := u.list(t, query)
		for _, o := range orders {
			ids = append(ids, o.OrderID)
		}
		query = ""
		if next != "" {
			query = "?limit=100&nextToken=" + next
		}
	}
	return ids
}

// published returns the last published status of each order.
func (s *service) published(t *testing.T) map[string]string {
	t.Helper()
	var all []event
	s.get(t, "/_local/events", "").into(t, &all)
	statuses := map[string]string{}
	for _, e := range all {
		if e.Source != "ecommerce.orders" {
			continue
		}
		var detail struct {
			Status string
			New    struct{ Status string }
		}
		require.NoError(t, json.Unmarshal(e.Detail, &detail))
		statuses[e.Resources[0]] = detail.Status + detail.New.Status
	}
	return statuses
}
