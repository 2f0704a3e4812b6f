package dynamo

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tableName = "orders-table"

// A stubTable speaks just enough of DynamoDB's protocol for what a Store sends, and can be told how to fail.
type stubTable struct {
	mu       sync.Mutex
	items    map[string]members // by orderId, in DynamoDB's JSON
	requests []request
	faults   []fault // for the requests that come, one each; nil and none left: all goes well
}

type members = map[string]any

type request struct {
	operation string
	body      string
}

// A fault answers a request in place of the table; serve is what the table would have done.
type fault func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc)

func (s *stubTable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	s.requests = append(s.requests, request{operationOf(r), string(body)})
	var broken fault
	if len(s.faults) > 0 {
		broken, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	if broken != nil {
		broken(w, r, s.serve)
		return
	}
	s.serve(w, r)
}

func operationOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
}

func (s *stubTable) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		Item, Key, ExclusiveStartKey, ExpressionAttributeValues members
		ExpressionAttributeNames                                map[string]string
		ProjectionExpression, UpdateExpression                  string
		ConditionExpression                                     string
		Limit                                                   int
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, "SerializationException", nil)
		return
	}
	switch operationOf(r) {
	case "PutItem":
		if old, exists := s.items[stringIn(in.Item, "orderId")]; exists {
			refuse(w, "ConditionalCheckFailedException", old)
			return
		}
		s.put(in.Item)
		answer(w, members{})
	case "GetItem":
		stored, exists := s.items[stringIn(in.Key, "orderId")]
		if !exists {
			answer(w, members{})
			return
		}
		answer(w, members{"Item": project(stored, in.ProjectionExpression, in.ExpressionAttributeNames)})
	case "UpdateItem":
		stored, exists := s.items[stringIn(in.Key, "orderId")]
		if !exists || !holds(stored, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues) {
			refuse(w, "ConditionalCheckFailedException", nil)
			return
		}
		stored = maps.Clone(stored)
		for assignment := range strings.SplitSeq(strings.TrimPrefix(in.UpdateExpression, "SET "), ", ") {
			name, value, _ := strings.Cut(assignment, " = ")
			stored[in.ExpressionAttributeNames[name]] = in.ExpressionAttributeValues[value]
		}
		s.put(stored)
		answer(w, members{})
	case "Query":
		answer(w, s.query(stringIn(in.ExpressionAttributeValues, ":userId"), in.Limit, in.ExclusiveStartKey))
	}
}

func (s *stubTable) put(item members) {
	if s.items == nil {
		s.items = map[string]members{}
	}
	s.items[stringIn(item, "orderId")] = item
}

func (s *stubTable) query(userID string, limit int, after members) members {
	place := func(m members) string { return stringIn(m, "createdDate") + stringIn(m, "orderId") }
	found := slices.SortedFunc(maps.Values(s.items), func(a, b members) int { return strings.Compare(place(b), place(a)) })
	found = slices.DeleteFunc(found, func(m members) bool {
		return stringIn(m, "userId") != userID || after != nil && place(m) >= place(after)
	})
	if len(found) < limit {
		return members{"Items": found}
	}
	last := found[limit-1]
	return members{"Items": found[:limit], "LastEvaluatedKey": members{
		"orderId": last["orderId"], "userId": last["userId"], "createdDate": last["createdDate"],
	}}
}

func holds(stored members, condition string, names map[string]string, values members) bool {
	for part := range strings.SplitSeq(condition, " AND ") {
		if name, ok := strings.CutPrefix(part, "attribute_not_exists("); ok {
			if _, exists := stored[names[strings.TrimSuffix(name, ")")]]; exists {
				return false
			}
		} else if name, value, ok := strings.Cut(part, " = "); ok {
			if stringIn(stored, names[name]) != stringIn(values, value) {
				return false
			}
		}
	}
	return true
}

func project(stored members, expression string, names map[string]string) members {
	if expression == "" {
		return stored
	}
	part := members{}
	for placeholder := range strings.SplitSeq(expression, ", ") {
		if value, ok := stored[names[placeholder]]; ok {
			part[names[placeholder]] = value
		}
	}
	return part
}

func stringIn(item members, name string) string {
	value, _ := item[name].(members)
	text, _ := value["S"].(string)
	return text
}

func answer(w http.ResponseWriter, body members) { _ = json.NewEncoder(w).Encode(body) }

func refuse(w http.ResponseWriter, code string, item members) {
	w.WriteHeader(http.StatusBadRequest)
	answer(w, members{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "refused", "Item": item})
}

// The faults.

func throttled(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	refuse(w, "ProvisionedThroughputExceededException", nil)
}

func broken(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	w.WriteHeader(http.StatusInternalServerError)
	answer(w, members{"__type": "InternalServerError", "message": "refused"})
}

func cut(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

func hanging(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) { <-r.Context().Done() }

// lost carries the request out, and cuts the connection before the answer.
func lost(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// lateAnswer carries the request out, and answers only when nobody waits any more.
func lateAnswer(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	<-r.Context().Done()
}

// halfAnswer carries the request out, and cuts the connection within the answer.
func halfAnswer(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"Item":`)
	panic(http.ErrAbortHandler)
}

// serverError carries the request out, and says that something broke.
func serverError(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	broken(w, r, serve)
}

// brokenFor is a long outage.
func brokenFor(requests int) []fault { return slices.Repeat([]fault{broken}, requests) }

// A store over the stub, through the real client and real connections.
func newStore(t *testing.T, stub *stubTable) *Store {
	server := httptest.NewServer(stub)
	client := NewClient(testConfig(), server.URL, Timing{Attempt: 10e9, FirstDelay: 1e6, MaxDelay: 2e6})
	t.Cleanup(func() {
		client.Options().HTTPClient.(*http.Client).CloseIdleConnections()
		server.Close()
	})
	return &Store{Client: client, Table: tableName}
}

// newUnconnectedStore is a store over the stub with production's timing and no connection in between, so that it
// works with a fake clock.
func newUnconnectedStore(stub *stubTable) *Store {
	client := NewClient(testConfig(), "http://table.invalid", Timing{})
	client.Options().HTTPClient.(*http.Client).Transport = unconnected{stub}
	return &Store{Client: client, Table: tableName}
}

func testConfig() aws.Config {
	return aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
}

type unconnected struct{ handler http.Handler }

func (u unconnected) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if recover() != nil {
			response, err = nil, errors.New("connection reset by peer")
		}
	}()
	recorder := httptest.NewRecorder()
	u.handler.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

func (s *stubTable) operations() []string {
	names := []string{}
	for _, r := range s.requests {
		names = append(names, r.operation)
	}
	return names
}

func requireRequest(t *testing.T, want string, got request) {
	t.Helper()
	operation, body, _ := strings.Cut(strings.TrimSpace(want), "\n")
	require.Equal(t, operation, got.operation)
	require.JSONEq(t, body, got.body)
}
