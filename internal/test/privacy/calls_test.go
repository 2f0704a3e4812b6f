package privacy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/test/e2e/calls"
)

// The tests here drive the functions along every way that they have, so their calls are collected by the way: the roles
// allow what package calls lists, and that must be what the functions do.

const (
	tableName = "orders"
	busName   = "bus"
)

// called is a call of a function's, as package calls has it.
type called struct{ function, action, on string }

// callOf is the call that a request is. One without a signature, as opens a connection, needs nobody's permission.
func callOf(r *http.Request, body string) (call called, signed bool) {
	function, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var in struct {
		TableName, IndexName string
		Entries              []struct{ EventBusName string }
	}
	_ = json.Unmarshal([]byte(body), &in) // other requests have no such members
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case service == "DynamoDB_20120810":
		call = called{function, "dynamodb:" + operation, strings.Replace(in.TableName, tableName, "${Table.Arn}", 1)}
		if in.IndexName != "" {
			call.on += "/index/" + in.IndexName
		}
	case service == "AWSEvents" && len(in.Entries) > 0:
		call = called{function, "events:" + operation, strings.Replace(in.Entries[0].EventBusName, busName, "${EventBusArn}", 1)}
	default:
		api, path, _ := strings.Cut(path, "/")
		call = called{function, "execute-api:Invoke", "${" + api + "Arn}/" + r.Method + "/" + path}
	}
	return call, r.Header.Get("Authorization") != ""
}

// calledBy is all that a function called in this world.
func (w *world) calledBy(function string) (all []called) {
	for _, s := range []*server{w.table.server, w.peers, w.bus} {
		s.mu.Lock()
		for _, call := range s.called {
			if call.function == function {
				all = append(all, call)
			}
		}
		s.mu.Unlock()
	}
	return all
}

func listedFor(function string) (all []called) {
	for _, call := range calls.Made()[function] {
		all = append(all, called{function, call.Action, call.On})
	}
	return all
}

// requireAllCalls wants a function to have called all that is listed for it. That it called nothing else is found when
// the world is searched.
func (w *world) requireAllCalls(t *testing.T, function string) {
	t.Helper()
	require.Subset(t, w.calledBy(function), listedFor(function), "listed, but not called")
}

// requireListedCalls wants no function to have called what is not listed for it, whatever went wrong around it.
func (w *world) requireListedCalls(t *testing.T) {
	t.Helper()
	for _, function := range []string{createOrder, getOrder, onEvents, tableUpdate} {
		for _, call := range w.calledBy(function) {
			require.True(t, slices.Contains(listedFor(function), call), "called, but not listed: %v", call)
		}
	}
}
