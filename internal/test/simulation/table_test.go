package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A table is a DynamoDB table with its stream, as far as this service uses one. Each method is one call of the API,
// carried out in the scheduler's goroutine: one after the other.
type table struct {
	items   map[string]item
	records []record
}

// A record is one change in the table's stream.
type record struct {
	number   int // from 1
	name     string
	orderID  string
	old, new item
	by       *process // nil: somebody else's
	agreed   int      // checks that had been answered with a yes when by wrote
}

// data is the record as the poller hands it over.
func (r record) data() []byte {
	out := fmt.Appendf(nil, `{"eventID":"%d","eventName":%q,"dynamodb":{"SequenceNumber":"%d","Keys":{"orderId":{"S":%q}}`, r.number, r.name, r.number, r.orderID)
	if r.old != nil {
		out = appendImage(append(out, `,"OldImage":`...), r.old)
	}
	if r.new != nil {
		out = appendImage(append(out, `,"NewImage":`...), r.new)
	}
	return append(out, "}}"...)
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
	next := maps.Clone(in.Key) // without a condition, an update makes the item
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

// query reads a page of the index user, newest first.
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
	return out
}

// write is the one way in which the table changes.
func (t *table) write(by *process, orderID string, next item) {
	old := t.items[orderID]
	r := record{number: len(t.records) + 1, name: "MODIFY", orderID: orderID, old: old, new: next, by: by}
	if old == nil {
		r.name = "INSERT"
	}
	if by != nil {
		r.agreed = by.agreed
	}
	t.items[orderID] = next
	t.records = append(t.records, r)
}

// touch is what somebody else does to an order: it adds an attribute that this version does not know.
func (t *table) touch(orderID, name string, value types.AttributeValue, now time.Time) {
	next := maps.Clone(t.items[orderID])
	next[name] = value
	date := now.UTC().Format("2006-01-02T15:04:05.000000Z")
	if before := textOf(next, "modifiedDate"); date <= before {
		at, err := time.Parse(time.RFC3339, before)
		if err != nil {
			panic(err) // this service writes no other dates
		}
		date = at.Add(time.Microsecond).Format("2006-01-02T15:04:05.000000Z")
	}
	next["modifiedDate"] = text(date)
	t.write(nil, orderID, next)
}
