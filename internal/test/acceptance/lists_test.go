package acceptance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bearer authorizes as the user who orders.
func (s *service) bearer(_ context.Context, r *http.Request, _ []byte) error {
	r.Header.Set("Authorization", "Bearer "+s.token)
	return nil
}

// listsByStatus lists the orders that the other tests created. Index reads are eventually
// consistent, and on a platform that packs and delivers a status may rise between two lists, so it
// repeats them until they agree with the orders.
func listsByStatus(t *testing.T, s *service) {
	if s.token == "" {
		s.passed("left out: lists of a user's orders, because they need a token of the user; ACCEPTANCE_TOKEN gives one")
		return
	}
	require.NotEmpty(t, s.created)
	s.waitUntil(t, "the lists by status do not have every order once", func() bool {
		lists := map[string][]string{}
		for _, status := range statuses {
			lists[status] = s.list(t, status)
		}
		return !slices.ContainsFunc(s.created, func(orderID string) bool {
			o, _ := s.read(t, orderID)
			return slices.ContainsFunc(statuses, func(status string) bool {
				return slices.Contains(lists[status], orderID) != (status == o.Status)
			})
		})
	})
	s.passed("paging through the list of each status finds every order of that status once")

	expected := `{"message":"Invalid status","errors":["status: must be exactly one of ` + strings.Join(statuses, ", ") + `"]}`
	for _, query := range []string{"status=LOST", "status=", "status=NEW&status=PACKAGED"} {
		r := s.send(t, http.MethodGet, s.apiURL+"/orders?"+query, nil, s.bearer)
		require.Equal(t, http.StatusBadRequest, r.status, query)
		require.JSONEq(t, expected, string(r.body), query)
	}
	s.passed("an unknown, empty or repeated status is rejected (400) with the names of all five")
}

// list returns the IDs of the user's orders with a status, from all pages of the list.
func (s *service) list(t *testing.T, status string) (orderIDs []string) {
	t.Helper()
	query := url.Values{"status": {status}, "limit": {"2"}}
	for {
		r := s.send(t, http.MethodGet, s.apiURL+"/orders?"+query.Encode(), nil, s.bearer)
		require.Equal(t, http.StatusOK, r.status, "%s: %s", query, r.body)
		var page struct {
			Orders    []placedOrder
			NextToken string
		}
		require.NoError(t, json.Unmarshal(r.body, &page))
		for _, o := range page.Orders {
			require.Equal(t, []string{s.user, status}, []string{o.UserID, o.Status}, o.OrderID)
			require.NotContains(t, orderIDs, o.OrderID, "listed twice")
			orderIDs = append(orderIDs, o.OrderID)
		}
		if page.NextToken == "" {
			return orderIDs
		}
		require.NotEqual(t, query.Get("nextToken"), page.NextToken, "the list does not end")
		query.Set("nextToken", page.NextToken)
	}
}
