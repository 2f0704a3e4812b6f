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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const tableName = "orders-table"

// A fakeTable is a server with as much of DynamoDB's protocol as a Store uses. It injects faults.
type fakeTable struct {
	mu       sync.Mutex
	items    map[string]members // by orderId, in DynamoDB's JSON
	requests []request
	faults   []fault // one for each of the next requests; nil means none
}

type members = map[string]any

type request struct {
	operation string
	body      string
}

// A fault handles a request in place of the table; serve is what the table would have done.
type fault func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc)

func (s *fakeTable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	s.requests = append(s.requests, request{operationOf(r), string(body)})
	var f fault
	if len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	if f != nil {
		f(w, r, s.serve)
		return
	}
	s.serve(w, r)
}

func operationOf(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
}

func (s *fakeTable) serve(w http.ResponseWriter, r *http.Request) {
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
		reject(w, "SerializationException", nil)
		return
	}
	switch operationOf(r) {
	case "PutItem":
		if old, exists := s.items[stringIn(in.Item, "orderId")]; exists {
			reject(w, "ConditionalCheckFailedException", old)
			return
		}
		s.put(in.Item)
		respond(w, members{})
	case "GetItem":
		stored, exists := s.items[stringIn(in.Key, "orderId")]
		if !exists {
			respond(w, members{})
			return
		}
		respond(w, members{"Item": project(stored, in.ProjectionExpression, in.ExpressionAttributeNames)})
	case "UpdateItem":
		stored, exists := s.items[stringIn(in.Key, "orderId")]
		if !exists || !holds(stored, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues) {
			reject(w, "ConditionalCheckFailedException", nil)
			return
		}
		stored = maps.Clone(stored)
		for assignment := range strings.SplitSeq(strings.TrimPrefix(in.UpdateExpression, "SET "), ", ") {
			name, value, _ := strings.Cut(assignment, " = ")
			stored[in.ExpressionAttributeNames[name]] = in.ExpressionAttributeValues[value]
		}
		s.put(stored)
		respond(w, members{})
	case "Query":
		respond(w, s.query(stringIn(in.ExpressionAttributeValues, ":userId"), in.Limit, in.ExclusiveStartKey))
	}
}

func (s *fakeTable) put(item members) {
	if s.items == nil {
		s.items = map[string]members{}
	}
	s.items[stringIn(item, "orderId")] = item
}

func (s *fakeTable) query(userID string, limit int, after members) members {
	position := func(m members) string { return stringIn(m, "createdDate") + stringIn(m, "orderId") }
	found := slices.SortedFunc(maps.Values(s.items), func(a, b members) int { return strings.Compare(position(b), position(a)) })
	found = slices.DeleteFunc(found, func(m members) bool {
		return stringIn(m, "userId") != userID || after != nil && position(m) >= position(after)
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

func respond(w http.ResponseWriter, body members) { _ = json.NewEncoder(w).Encode(body) }

func reject(w http.ResponseWriter, code string, item members) {
	w.WriteHeader(http.StatusBadRequest)
	respond(w, members{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "rejected", "Item": item})
}

// The faults.

func throttle(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	reject(w, "ProvisionedThroughputExceededException", nil)
}

func internalError(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
	w.WriteHeader(http.StatusInternalServerError)
	respond(w, members{"__type": "InternalServerError", "message": "rejected"})
}

func reset(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

func hang(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) { <-r.Context().Done() }

// dropResponse carries the request out and resets the connection before the response.
func dropResponse(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// lateResponse carries the request out and responds only after the attempt has timed out.
func lateResponse(_ http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	<-r.Context().Done()
}

// truncateResponse carries the request out and resets the connection within the response.
func truncateResponse(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"Item":`)
	panic(http.ErrAbortHandler)
}

// internalErrorAfterWrite carries the request out and responds with a 500.
func internalErrorAfterWrite(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	serve(httptest.NewRecorder(), r)
	internalError(w, r, serve)
}

// outage returns faults for that many requests.
func outage(requests int) []fault { return slices.Repeat([]fault{internalError}, requests) }

// newStore returns a store on the fake, with the real client and real connections.
func newStore(t *testing.T, table *fakeTable) *Store {
	return newStoreWithTiming(t, table, Timing{Attempt: 10 * time.Second, FirstDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond})
}

func newStoreWithTiming(t *testing.T, table *fakeTable, timing Timing) *Store {
	server := httptest.NewServer(table)
	client := NewClient(testConfig(), server.URL, timing)
	t.Cleanup(func() {
		client.Options().HTTPClient.(*http.Client).CloseIdleConnections()
		server.Close()
	})
	return &Store{Client: client, Table: tableName}
}

// newInProcessStore returns a store on the fake with production's timing and without connections,
// so that it works with a fake clock.
func newInProcessStore(table *fakeTable) *Store {
	client := NewClient(testConfig(), "http://table.invalid", Timing{})
	client.Options().HTTPClient.(*http.Client).Transport = inProcess{table}
	return &Store{Client: client, Table: tableName}
}

func testConfig() aws.Config {
	return aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
}

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (response *http.Response, err error) {
	defer func() {
		if recover() != nil {
			response, err = nil, errors.New("connection reset by peer")
		}
	}()
	recorder := httptest.NewRecorder()
	p.handler.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// slow carries a request out after d, whether or not the client still waits.
func slow(d time.Duration) fault {
	return func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
		response := make(chan *httptest.ResponseRecorder, 1)
		go func() {
			time.Sleep(d)
			recorder := httptest.NewRecorder()
			serve(recorder, r)
			response <- recorder
		}()
		select {
		case recorder := <-response:
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(recorder.Body.Bytes())
		case <-r.Context().Done():
		}
	}
}

func (s *fakeTable) operations() []string {
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
