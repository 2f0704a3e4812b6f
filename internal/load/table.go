package load

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"

	"orders/internal/dynamo/streamimage"
	"orders/internal/memory"
	"orders/internal/order"
)

// A table is the memory table behind DynamoDB's protocol, with its stream, as far as a service that creates and reads
// orders needs it. It is here so that a throttled write meets the service's real adapter, with its own retries: the
// memory table in the service itself has none, and a second set of them in front of it would prove nothing.
type table struct {
	store  memory.Store
	share  float64 // of writes that are throttled
	marks  *marks
	random func() float64 // in [0, 1); nil: math/rand/v2
	healed atomic.Bool
}

// A tableInput is what the requests that are understood say.
type tableInput struct {
	Item                      json.RawMessage
	Key                       struct{ OrderID textValue }
	ExclusiveStartKey         struct{ OrderID, CreatedDate textValue }
	ExpressionAttributeValues struct {
		UserID textValue `json:":userId"`
	}
	Limit          int
	SequenceNumber string
	ShardIterator  string
}

type textValue struct{ S string }

// members is a JSON object.
type members map[string]any

// A refusal is an error of DynamoDB's.
type refusal struct {
	code string
	item json.RawMessage // that is in the way of a conditional write
}

func (r *refusal) Error() string { return r.code }

func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in tableInput
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, &refusal{code: "SerializationException"})
		return
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	out, err := t.answer(r.Context(), operation, in)
	if err != nil {
		refuse(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(out) // a client that is gone cannot be told
}

func (t *table) answer(ctx context.Context, operation string, in tableInput) (members, error) {
	switch operation {
	case "DescribeTable":
		return describeTable(), nil
	case "PutItem":
		return t.putItem(ctx, in)
	case "GetItem":
		return t.getItem(ctx, in)
	case "Query":
		return t.query(ctx, in)
	}
	return t.answerStream(ctx, operation, in)
}

func refuse(w http.ResponseWriter, err error) {
	r, ok := err.(*refusal)
	if !ok {
		w.WriteHeader(http.StatusInternalServerError)
		r = &refusal{code: "InternalServerError"}
	} else {
		w.WriteHeader(http.StatusBadRequest)
	}
	out := members{"__type": "com.amazonaws.dynamodb.v20120810#" + r.code, "message": r.code}
	if r.item != nil {
		out["Item"] = r.item
	}
	_ = json.NewEncoder(w).Encode(out) // a client that is gone cannot be told
}

func (t *table) isThrottled() bool {
	random := t.random
	if random == nil {
		random = rand.Float64
	}
	return !t.healed.Load() && random() < t.share
}

// putItem is a write on the condition that there is no such order, which is the only one that create-order makes.
func (t *table) putItem(ctx context.Context, in tableInput) (members, error) {
	if t.isThrottled() {
		t.marks.add("table", throttle)
		return nil, &refusal{code: "ProvisionedThroughputExceededException"}
	}
	sent, err := streamimage.Parse(in.Item)
	if err != nil {
		return nil, &refusal{code: "ValidationException"}
	}
	o, err := order.FromDocument(sent.JSON())
	if err != nil {
		return nil, &refusal{code: "ValidationException"}
	}
	existing, err := t.store.Create(ctx, o)
	if err != nil || existing == nil {
		return members{}, err
	}
	item, err := streamimage.Encode(existing.Document)
	if err != nil {
		return nil, err
	}
	return nil, &refusal{"ConditionalCheckFailedException", item}
}

func (t *table) getItem(ctx context.Context, in tableInput) (members, error) {
	o, err := t.store.Get(ctx, in.Key.OrderID.S)
	switch {
	case order.KindOf(err) == order.NotFound:
		return members{}, nil
	case err != nil:
		return nil, err
	}
	item, err := streamimage.Encode(o.Document)
	return members{"Item": item}, err
}

func (t *table) query(ctx context.Context, in tableInput) (members, error) {
	var after *order.Position
	if start := in.ExclusiveStartKey; start.OrderID.S != "" {
		after = &order.Position{CreatedDate: order.Date(start.CreatedDate.S), OrderID: start.OrderID.S}
	}
	user := in.ExpressionAttributeValues.UserID
	page, err := t.store.List(ctx, user.S, in.Limit, after)
	if err != nil {
		return nil, err
	}
	items := make([]json.RawMessage, len(page.Orders))
	for i, o := range page.Orders {
		if items[i], err = streamimage.Encode(o.Document); err != nil {
			return nil, err
		}
	}
	out := members{"Items": items}
	if next := page.Next; next != nil {
		out["LastEvaluatedKey"] = members{"userId": user, "createdDate": textValue{string(next.CreatedDate)}, "orderId": textValue{next.OrderID}}
	}
	return out, nil
}
