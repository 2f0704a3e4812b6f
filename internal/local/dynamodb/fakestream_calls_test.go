package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"orders/internal/local/dynamodb"
	"orders/internal/local/lambda"
)

// client returns a client without a network between it and the table, because the tests run in
// synctest's fake time.
func (t *table) client() *dynamodbstreams.Client {
	cfg := aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
	client := dynamodb.NewStreamsClient(cfg, "http://streams.test")
	return dynamodbstreams.New(client.Options(), func(o *dynamodbstreams.Options) { o.HTTPClient = t })
}

// Do implements the SDK's HTTP client.
func (t *table) Do(request *http.Request) (*http.Response, error) {
	if t.hang() {
		<-request.Context().Done()
	}
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	t.serve(w, request)
	return w.Result(), nil
}

func (t *table) serve(w http.ResponseWriter, request *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var input struct {
		ShardID               string `json:"ShardId"`
		ExclusiveStartShardID string `json:"ExclusiveStartShardId"`
		ShardIteratorType     string
		SequenceNumber        string
		ShardIterator         string
		Limit                 int
	}
	if err := json.NewDecoder(request.Body).Decode(&input); err != nil {
		panic(err)
	}
	_, operation, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	switch {
	case t.throttles > 0:
		t.throttles--
		fail(w, "LimitExceededException")
	case t.garbles > 0:
		t.garbles--
		_, _ = w.Write([]byte(`{"Records":[{"dynamodb":"Secret Street 1"`))
	case t.missing:
		fail(w, "ResourceNotFoundException")
	case operation == "DescribeStream":
		t.describe(w, input.ExclusiveStartShardID)
	case operation == "GetShardIterator":
		t.getIterator(w, input.ShardID, input.ShardIteratorType, input.SequenceNumber)
	default:
		t.read(w, input.ShardIterator, input.Limit)
	}
}

func fail(w http.ResponseWriter, code string) {
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"no"}`, code)
}

func respond(w http.ResponseWriter, output any) {
	if err := json.NewEncoder(w).Encode(output); err != nil {
		panic(err)
	}
}

// An object is a JSON object.
type object map[string]any

func (t *table) describe(w http.ResponseWriter, after string) {
	description := object{"StreamArn": streamARN, "StreamStatus": "ENABLED"}
	var shards []object
	begun := after == ""
	if begun {
		t.pages = 0
	}
	t.pages++
	if t.onPage != nil {
		t.onPage(t.pages)
	}
	for _, s := range t.shards {
		if s.hidden {
			continue
		}
		if !begun {
			begun = s.id == after
			continue
		}
		if len(shards) == pageSize {
			description["LastEvaluatedShardId"] = shards[pageSize-1]["ShardId"]
			break
		}
		shown := object{"ShardId": s.id}
		if s.parent != "" {
			shown["ParentShardId"] = s.parent
		}
		shards = append(shards, shown)
	}
	description["Shards"] = shards
	respond(w, object{"StreamDescription": description})
}

func (t *table) getIterator(w http.ResponseWriter, shardID, kind, after string) {
	t.requested = append(t.requested, strings.TrimSpace(fmt.Sprintf("%s %s %s", shardID, kind, after)))
	s := t.find(shardID)
	switch {
	case s == nil || s.lost:
		fail(w, "ResourceNotFoundException")
	case kind == "AFTER_SEQUENCE_NUMBER" && s.trimmed != "" && lambda.CompareSequenceNumbers(after, s.trimmed) < 0:
		fail(w, "TrimmedDataAccessException")
	default:
		respond(w, object{"ShardIterator": t.iterate(shardID, after, false)})
	}
}

func (t *table) find(shardID string) *tableShard {
	for _, s := range t.shards {
		if s.id == shardID {
			return s
		}
	}
	return nil
}

// iterate returns an iterator to what follows. It may lead to an empty page, but never twice in a
// row: a shard whose turn always came third would never be read.
func (t *table) iterate(shardID, after string, afterEmpty bool) string {
	// Which pages are empty must depend only on what a test does.
	t.sequence++
	id := strconv.Itoa(t.sequence)
	t.iterators[id] = iterator{shard: shardID, after: after, empty: !afterEmpty && t.sequence%3 == 0, made: time.Now()}
	return id
}

func (t *table) read(w http.ResponseWriter, id string, limit int) {
	at, ok := t.iterators[id]
	s := t.find(at.shard)
	switch {
	case !ok || time.Since(at.made) > iteratorLifetime:
		fail(w, "ExpiredIteratorException")
	case s == nil || s.lost:
		fail(w, "ResourceNotFoundException")
	case at.after != "" && s.trimmed != "" && lambda.CompareSequenceNumbers(at.after, s.trimmed) < 0:
		fail(w, "TrimmedDataAccessException")
	default:
		t.page(w, s, at, limit)
	}
}

func (t *table) page(w http.ResponseWriter, s *tableShard, at iterator, limit int) {
	records := []object{}
	left := false
	for _, r := range s.records {
		if at.after != "" && lambda.CompareSequenceNumbers(r.sequence, at.after) <= 0 || s.trimmed != "" && lambda.CompareSequenceNumbers(r.sequence, s.trimmed) <= 0 {
			continue
		}
		if left = at.empty || len(records) == limit; left {
			break
		}
		records = append(records, r.shown())
		at.after = r.sequence
	}
	output := object{"Records": records}
	if left || !s.closed {
		output["NextShardIterator"] = t.iterate(s.id, at.after, at.empty)
	}
	respond(w, output)
}

func (r tableRecord) shown() object {
	key := object{"orderId": object{"S": strconv.Itoa(r.order)}}
	return object{
		"eventID": "id", "eventName": "MODIFY", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "eu-west-1",
		"dynamodb": object{
			"Keys":           key,
			"NewImage":       object{"orderId": key["orderId"], "number": object{"N": strconv.Itoa(r.number)}},
			"SequenceNumber": r.sequence,
		},
	}
}
