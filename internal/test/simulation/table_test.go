package simulation

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/dynamo/streamimage/streamtest"
)

// A table is as much of a DynamoDB table and its stream as this service uses. Its methods are calls
// of the API, carried out one after the other in the scheduler's goroutine.
type table struct {
	items   map[string]item
	records []record
}

// A record is a change in the table's stream.
type record struct {
	number   int // from 1
	name     string
	orderID  string
	old, new item
	by       *process // nil for another writer
	accepted int      // checks that had accepted the order when by wrote
}

// data returns the record as the poller passes it on.
func (r record) data() []byte {
	return encode(streamtest.Record{Name: r.name, OrderID: r.orderID, SequenceNumber: strconv.Itoa(r.number), Old: image(r.old), New: image(r.new)})
}

func image(i item) json.RawMessage {
	if i == nil {
		return nil
	}
	text, err := attributevalue.MarshalMapJSON(i)
	if err != nil {
		panic(err) // the table holds valid attributes only
	}
	return text
}

func (t *table) put(by *process, in *dynamodb.PutItemInput) (*dynamodb.PutItemOutput, error) {
	orderID := textOf(in.Item, "orderId")
	old := t.items[orderID]
	if in.ConditionExpression != nil && !holds(*in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, old) {
		conflict := &types.ConditionalCheckFailedException{}
		if in.ReturnValuesOnConditionCheckFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
			conflict.Item = maps.Clone(old)
		}
		return nil, conflict
	}
	t.write(by, orderID, maps.Clone(in.Item))
	return &dynamodb.PutItemOutput{}, nil
}

func (t *table) update(by *process, in *dynamodb.UpdateItemInput) (*dynamodb.UpdateItemOutput, error) {
	orderID := textOf(in.Key, "orderId")
	old := t.items[orderID]
	if in.ConditionExpression != nil && !holds(*in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, old) {
		return nil, &types.ConditionalCheckFailedException{}
	}
	next := maps.Clone(in.Key) // without a condition, an update creates the item
	maps.Copy(next, old)
	assign(*in.UpdateExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, next)
	t.write(by, orderID, next)
	return &dynamodb.UpdateItemOutput{}, nil
}

func (t *table) get(in *dynamodb.GetItemInput) *dynamodb.GetItemOutput {
	found := maps.Clone(t.items[textOf(in.Key, "orderId")])
	if in.ProjectionExpression != nil && found != nil {
		projected := item{}
		for _, name := range paths(*in.ProjectionExpression, in.ExpressionAttributeNames) {
			if value, ok := found[name]; ok {
				projected[name] = value
			}
		}
		found = projected
	}
	return &dynamodb.GetItemOutput{Item: found}
}

// query returns a page of the index user, newest first. As in DynamoDB, a filter leaves out items
// of the page, so that it may be empty while more items follow.
func (t *table) query(in *dynamodb.QueryInput) *dynamodb.QueryOutput {
	user := in.ExpressionAttributeValues[":userId"].(*types.AttributeValueMemberS).Value
	newest := func(a, b item) int {
		return cmp.Or(cmp.Compare(textOf(b, "createdDate"), textOf(a, "createdDate")), cmp.Compare(textOf(b, "orderId"), textOf(a, "orderId")))
	}
	var found []item
	for i := range maps.Values(t.items) {
		if textOf(i, "userId") == user && (in.ExclusiveStartKey == nil || newest(in.ExclusiveStartKey, i) < 0) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, newest)
	out := &dynamodb.QueryOutput{Items: found}
	if limit := int(*in.Limit); len(found) > limit {
		last := found[limit-1]
		out.Items = found[:limit]
		out.LastEvaluatedKey = item{"userId": last["userId"], "createdDate": last["createdDate"], "orderId": last["orderId"]}
	}
	if in.FilterExpression != nil {
		out.Items = slices.DeleteFunc(out.Items, func(i item) bool {
			return !holds(*in.FilterExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, i)
		})
	}
	return out
}

// write makes every change of the table.
func (t *table) write(by *process, orderID string, next item) {
	old := t.items[orderID]
	r := record{number: len(t.records) + 1, name: "MODIFY", orderID: orderID, old: old, new: next, by: by}
	if old == nil {
		r.name = "INSERT"
	}
	if by != nil {
		r.accepted = by.accepted
	}
	t.items[orderID] = next
	t.records = append(t.records, r)
}

// touch writes as another writer does: it adds an attribute that this version does not know.
func (t *table) touch(orderID, name string, value types.AttributeValue, now time.Time) {
	next := maps.Clone(t.items[orderID])
	next[name] = value
	date := now.UTC().Format("2006-01-02T15:04:05.000000Z")
	if before := textOf(next, "modifiedDate"); date <= before {
		at, err := time.Parse(time.RFC3339, before)
		if err != nil {
			panic(err) // this service writes valid dates only
		}
		date = at.Add(time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
	}
	next["modifiedDate"] = text(date)
	t.write(nil, orderID, next)
}

// holds evaluates as much of DynamoDB's condition expressions as dynamo.Store uses: equality and
// existence, joined by AND.
func holds(condition string, names map[string]string, values item, stored item) bool {
	for part := range strings.SplitSeq(condition, " AND ") {
		if !holdsPart(part, names, values, stored) {
			return false
		}
	}
	return true
}

func holdsPart(part string, names map[string]string, values item, stored item) bool {
	if path, ok := argument(part, "attribute_not_exists"); ok {
		_, exists := stored[attribute(path, names)]
		return !exists
	}
	if path, ok := argument(part, "attribute_exists"); ok {
		_, exists := stored[attribute(path, names)]
		return exists
	}
	path, placeholder, ok := strings.Cut(part, " = ")
	expected, known := values[placeholder]
	if !ok || !known {
		panic("the simulated table does not know the condition " + part)
	}
	return reflect.DeepEqual(stored[attribute(path, names)], expected)
}

// assign carries out an update expression, a SET of whole attributes.
func assign(expression string, names map[string]string, values item, to item) {
	assignments, ok := strings.CutPrefix(expression, "SET ")
	if !ok {
		panic("the simulated table does not know the update " + expression)
	}
	for part := range strings.SplitSeq(assignments, ", ") {
		path, placeholder, _ := strings.Cut(part, " = ")
		value, known := values[placeholder]
		if !known {
			panic("the simulated table does not know the assignment " + part)
		}
		to[attribute(path, names)] = value
	}
}

// paths returns the attributes of a projection.
func paths(expression string, names map[string]string) []string {
	all := strings.Split(expression, ", ")
	for i, path := range all {
		all[i] = attribute(path, names)
	}
	return all
}

func argument(call, function string) (path string, ok bool) {
	inner, ok := strings.CutPrefix(call, function+"(")
	return strings.TrimSuffix(inner, ")"), ok
}

// attribute returns the name of the attribute at a path.
func attribute(path string, names map[string]string) string {
	if name, ok := names[path]; ok {
		return name
	}
	if strings.ContainsAny(path, "#.[ ") {
		panic("the simulated table does not know the path " + path)
	}
	return path
}
