package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// A reply is a response of the service with its whole body.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// into decodes the body.
func (r reply) into(t *testing.T, target any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.body, target), "%s", r.body)
}

// order returns the order in a response that must have this status.
func (r reply) order(t *testing.T, status int) placed {
	t.Helper()
	require.Equal(t, status, r.status, "%s", r.body)
	var o placed
	r.into(t, &o)
	return o
}

// requireProblem requires an error response with this status, message and errors.
func (r reply) requireProblem(t *testing.T, status int, message string, faults ...string) {
	t.Helper()
	var problem struct {
		Message string
		Errors  []string
	}
	r.into(t, &problem)
	require.Equal(t, status, r.status, "%s", r.body)
	require.Equal(t, message, problem.Message)
	require.Equal(t, faults, problem.Errors)
	require.Equal(t, "application/json", r.header.Get("Content-Type"))
	r.requireCORS(t)
}

func (r reply) requireCORS(t *testing.T) {
	t.Helper()
	require.Equal(t, "*", r.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, r.header.Get("Access-Control-Allow-Headers"), "Authorization")
	require.Contains(t, r.header.Get("Access-Control-Allow-Methods"), "POST")
}

// A placed is an order in responses and events.
type placed struct {
	OrderID, UserID, Status, CreatedDate, ModifiedDate string

	Products []struct {
		ProductID, Name string
		Price, Quantity int64
	}
	DeliveryPrice, Total int64
	PaymentToken         string
}

// send sends a request and reads the response.
func send(request *http.Request) (reply, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, body}, err
}

// call sends a request. An empty authorization means no such header.
func (s *service) call(ctx context.Context, method, path, authorization string, body []byte) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	return send(request)
}

func (s *service) get(t *testing.T, path, authorization string) reply {
	t.Helper()
	r, err := s.call(t.Context(), http.MethodGet, path, authorization, nil)
	require.NoError(t, err)
	return r
}

// A user is a signed-in user.
type user struct {
	*service
	id, authorization string
}

// newUser signs in as a new user.
func (s *service) newUser(t *testing.T) user {
	t.Helper()
	return s.signIn(t, uuid.NewString())
}

func (s *service) signIn(t *testing.T, id string) user {
	t.Helper()
	token := s.get(t, "/_local/token?sub="+url.QueryEscape(id), "")
	require.Equal(t, http.StatusOK, token.status, "%s", token.body)
	return user{s, id, "Bearer " + string(token.body)}
}

func (u user) post(t *testing.T, body []byte) reply {
	t.Helper()
	r, err := u.call(t.Context(), http.MethodPost, "/orders", u.authorization, body)
	require.NoError(t, err)
	return r
}

// order creates an order.
func (u user) order(t *testing.T) placed {
	t.Helper()
	return u.post(t, u.newRequest(t).encode(t)).order(t, http.StatusCreated)
}

func (u user) read(t *testing.T, orderID string) placed {
	t.Helper()
	return u.get(t, "/orders/"+orderID, u.authorization).order(t, http.StatusOK)
}

func (u user) list(t *testing.T, query string) (orders []placed, nextToken string) {
	t.Helper()
	r := u.get(t, "/orders"+query, u.authorization)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var page struct {
		Orders    []placed
		NextToken string
	}
	r.into(t, &page)
	return page.Orders, page.NextToken
}

// requireNoOrders requires that no order of the user is stored.
func (u user) requireNoOrders(t *testing.T) {
	t.Helper()
	require.JSONEq(t, `{"orders": []}`, string(u.get(t, "/orders", u.authorization).body))
}

// waitForStatus waits until an order has this status, and returns it.
func (u user) waitForStatus(t *testing.T, orderID, status string) placed {
	t.Helper()
	var o placed
	waitFor(t, status, func() bool { o = u.read(t, orderID); return o.Status == status })
	return o
}

// An event is an event on the bus.
type event struct {
	Version, ID, Source, Time string

	DetailType string `json:"detail-type"`
	Resources  []string
	Detail     json.RawMessage
}

// events returns the events on the bus, oldest first. Duplicates, which a busy machine may cause,
// are dropped, by the fields with which consumers recognize them.
func (s *service) events(t *testing.T) (distinct []event) {
	t.Helper()
	var all []event
	s.get(t, "/_local/events", "").into(t, &all)
	for _, e := range all {
		if !slices.ContainsFunc(distinct, e.repeats) {
			distinct = append(distinct, e)
		}
	}
	return distinct
}

func (e event) repeats(earlier event) bool {
	return e.DetailType == earlier.DetailType && slices.Equal(e.Resources, earlier.Resources) && bytes.Equal(e.Detail, earlier.Detail)
}

// waitForEvents waits until there are this many events of the order and returns them, oldest first.
func (s *service) waitForEvents(t *testing.T, orderID string, many int) (found []event) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d events", many), func() bool {
		found = nil
		for _, e := range s.events(t) {
			if len(e.Resources) == 1 && e.Resources[0] == orderID {
				found = append(found, e)
			}
		}
		return len(found) >= many
	})
	return found
}

// typesOf returns the events' detail types.
func typesOf(events []event) []string {
	types := make([]string, len(events))
	for i, e := range events {
		types[i] = e.DetailType
	}
	return types
}
