package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/ops"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

const (
	updates           = "https://sqs.test/1/updates"
	updateDeadLetters = "https://sqs.test/1/updates-dead"
	recordDeadLetters = "https://sqs.test/1/records-dead"
)

// An account is a stack on fakes of AWS.
type account struct {
	*ops.Operator
	sqs        *fakeSQS
	lambda     *fakeLambda
	cloudWatch *fakeCloudWatch
	logs       *fakeLogs
	stream     *fakeStream
	bus        *fakeBus
	orders     *memory.Store
	items      fakeTable
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{
		sqs: newFakeSQS(), lambda: &fakeLambda{live: map[string]int{}}, cloudWatch: &fakeCloudWatch{}, logs: &fakeLogs{},
		stream: &fakeStream{}, bus: &fakeBus{}, orders: &memory.Store{}, items: fakeTable{},
	}
	stack := ops.Stack{
		Functions: map[string]ops.Function{}, Table: "orders", Stream: "arn:stream", EventBus: "bus", Alarms: "test-",
		Queues: ops.Queues{Updates: updates, UpdateDeadLetters: updateDeadLetters, RecordDeadLetters: recordDeadLetters},
	}
	for _, name := range []string{"create-order", "get-order", "on-events", "table-update"} {
		stack.Functions[name] = ops.Function{Name: "test-" + name, Alias: "live", LogGroup: "/" + name}
		a.lambda.live["test-"+name] = 3
	}
	a.Operator = &ops.Operator{Stack: stack, Clients: ops.Clients{
		SQS: a.sqs, Lambda: a.lambda, CloudWatch: a.cloudWatch, Logs: a.logs, Streams: a.stream, DynamoDB: a.items,
		Orders: readOnly{a.orders}, Publisher: a.bus,
	}}
	return a
}

// store stores an order.
func (a *account) store(t *testing.T) order.Order {
	t.Helper()
	o := ordertest.Sample()
	existing, err := a.orders.Create(t.Context(), o)
	require.NoError(t, err)
	require.Nil(t, existing)
	return o
}

// A readOnly store applies no update, like the client of NewClients.
type readOnly struct{ order.Store }

func (s readOnly) Update(ctx context.Context, orderID string, change func(order.Progress) (order.Progress, error)) (bool, error) {
	changed, failed := false, error(nil)
	_, err := s.Store.Update(ctx, orderID, func(before order.Progress) (order.Progress, error) {
		_, failed = change(before)
		changed = failed == nil
		return order.Progress{}, errDropped
	})
	if errors.Is(err, errDropped) {
		err = failed
	}
	return changed, err
}

var errDropped = errors.New("not written")

// A fakeLambda has versions 1 to 3 of every function.
type fakeLambda struct {
	mu   sync.Mutex
	live map[string]int
	fail string // the function whose alias cannot be moved
}

func (l *fakeLambda) GetAlias(_ context.Context, in *lambda.GetAliasInput, _ ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &lambda.GetAliasOutput{FunctionVersion: aws.String(strconv.Itoa(l.live[*in.FunctionName]))}, nil
}

func (l *fakeLambda) UpdateAlias(_ context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *in.FunctionName == l.fail {
		return nil, errors.New("access denied")
	}
	var err error
	l.live[*in.FunctionName], err = strconv.Atoi(*in.FunctionVersion)
	return &lambda.UpdateAliasOutput{}, err
}

func (l *fakeLambda) ListVersionsByFunction(_ context.Context, in *lambda.ListVersionsByFunctionInput, _ ...func(*lambda.Options)) (*lambda.ListVersionsByFunctionOutput, error) {
	version := func(v string) lambdatypes.FunctionConfiguration {
		return lambdatypes.FunctionConfiguration{Version: aws.String(v), LastModified: aws.String("2026-01-0" + v), Description: aws.String("commit" + v)}
	}
	if in.Marker == nil {
		return &lambda.ListVersionsByFunctionOutput{Versions: []lambdatypes.FunctionConfiguration{version("$LATEST"), version("1")}, NextMarker: aws.String("more")}, nil
	}
	return &lambda.ListVersionsByFunctionOutput{Versions: []lambdatypes.FunctionConfiguration{version("3"), version("2")}}, nil
}

// A fakeCloudWatch has one active alarm, and a value for every metric.
type fakeCloudWatch struct{}

func (*fakeCloudWatch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	if *in.AlarmNamePrefix != "test-" || in.StateValue != cloudwatchtypes.StateValueAlarm {
		return nil, errors.New("not the stack's active alarms")
	}
	return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cloudwatchtypes.MetricAlarm{{AlarmName: aws.String("test-API5XXAlarm"),
		StateTransitionedTimestamp: aws.Time(time.Unix(1767225600, 0)), StateReason: aws.String("threshold crossed")}}}, nil
}

func (*fakeCloudWatch) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out := &cloudwatch.GetMetricDataOutput{}
	for i, q := range in.MetricDataQueries {
		result := cloudwatchtypes.MetricDataResult{Id: q.Id, Values: []float64{float64(1000 * (i + 1))}}
		if i == 1 {
			result.Values = nil // no messages for a while, no metric
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// A fakeLogs completes each query when it is asked for the second time. Every function has logged
// its commit.
type fakeLogs struct {
	mu      sync.Mutex
	queries []string
	asked   map[string]int
	lines   []string // about orders
}

func (l *fakeLogs) StartQuery(_ context.Context, in *cloudwatchlogs.StartQueryInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries = append(l.queries, *in.QueryString)
	return &cloudwatchlogs.StartQueryOutput{QueryId: aws.String(fmt.Sprint(len(l.queries), " ", in.LogGroupNames[0]))}, nil
}

func (l *fakeLogs) GetQueryResults(_ context.Context, in *cloudwatchlogs.GetQueryResultsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked == nil {
		l.asked = map[string]int{}
	}
	if l.asked[*in.QueryId]++; l.asked[*in.QueryId] == 1 {
		return &cloudwatchlogs.GetQueryResultsOutput{Status: logs.QueryStatusRunning}, nil
	}
	number, group, _ := strings.Cut(*in.QueryId, " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	field, values := "@message", l.lines
	if strings.Contains(l.queries[n-1], "ispresent(commit)") {
		field, values = "commit", []string{"commit of " + group}
	}
	out := &cloudwatchlogs.GetQueryResultsOutput{Status: logs.QueryStatusComplete}
	for _, value := range values {
		out.Results = append(out.Results, []logs.ResultField{{Field: aws.String(field), Value: aws.String(value)}})
	}
	return out, nil
}

// A fakeTable is the orders table, by order ID.
type fakeTable map[string]map[string]dynamotypes.AttributeValue

func (f fakeTable) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: f[in.Key["orderId"].(*dynamotypes.AttributeValueMemberS).Value]}, nil
}

// A fakeStream has all its records in the last of its shards, whose ranges overlap. Records may be
// trimmed from the beginning.
type fakeStream struct {
	records []streams.Record
	trimmed bool
}

func (s *fakeStream) add(name streams.OperationType, orderID string, image map[string]streams.AttributeValue) (number string) {
	number = strconv.Itoa(100 + len(s.records))
	s.records = append(s.records, streams.Record{EventName: name, Dynamodb: &streams.StreamRecord{
		SequenceNumber: aws.String(number), NewImage: image,
		Keys: map[string]streams.AttributeValue{"orderId": &streams.AttributeValueMemberS{Value: orderID}},
	}})
	return number
}

// DescribeStream returns one shard a page.
func (s *fakeStream) DescribeStream(_ context.Context, in *dynamodbstreams.DescribeStreamInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	shards := []streams.Shard{
		{ShardId: aws.String("before"), SequenceNumberRange: &streams.SequenceNumberRange{StartingSequenceNumber: aws.String("9"), EndingSequenceNumber: aws.String("99")}},
		{ShardId: aws.String("other"), SequenceNumberRange: &streams.SequenceNumberRange{StartingSequenceNumber: aws.String("50"), EndingSequenceNumber: aws.String("999")}},
		{ShardId: aws.String("s"), SequenceNumberRange: &streams.SequenceNumberRange{StartingSequenceNumber: aws.String("100")}},
		{ShardId: aws.String("after"), SequenceNumberRange: &streams.SequenceNumberRange{StartingSequenceNumber: aws.String("1000")}},
	}
	next := 1 + slices.IndexFunc(shards, func(shard streams.Shard) bool {
		return aws.ToString(shard.ShardId) == aws.ToString(in.ExclusiveStartShardId)
	})
	description := &streams.StreamDescription{Shards: shards[next : next+1]}
	if next+1 < len(shards) {
		description.LastEvaluatedShardId = shards[next].ShardId
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: description}, nil
}

func (s *fakeStream) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	if s.trimmed {
		return nil, &streams.TrimmedDataAccessException{}
	}
	switch aws.ToString(in.ShardId) {
	case "s":
		return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: in.SequenceNumber}, nil
	case "other": // its next record is a later one
		return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: aws.String("other")}, nil
	}
	return nil, errors.New("the range of the shard does not contain the sequence number")
}

// GetRecords returns one record a page.
func (s *fakeStream) GetRecords(_ context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	if *in.ShardIterator == "other" {
		return &dynamodbstreams.GetRecordsOutput{Records: []streams.Record{{Dynamodb: &streams.StreamRecord{SequenceNumber: aws.String("998")}}}}, nil
	}
	first, err := strconv.Atoi(*in.ShardIterator)
	if err != nil || first < 100 || first-100 >= len(s.records) {
		return &dynamodbstreams.GetRecordsOutput{NextShardIterator: in.ShardIterator}, err
	}
	return &dynamodbstreams.GetRecordsOutput{Records: s.records[first-100 : first-99], NextShardIterator: aws.String(strconv.Itoa(first + 1))}, nil
}

// A fakeBus records what is published, except for orders that it rejects.
type fakeBus struct {
	mu      sync.Mutex
	events  []order.Event
	rejects string // an order ID
}

func (b *fakeBus) Publish(_ context.Context, events []order.Event) []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	results := make([]error, len(events))
	for i, e := range events {
		if e.OrderID == b.rejects {
			results[i] = &order.Error{Kind: order.Permanent, Message: "rejected"}
			continue
		}
		b.events = append(b.events, e)
	}
	return results
}

func (b *fakeBus) published() (all []string) {
	for _, e := range b.events {
		all = append(all, string(e.Type)+" "+e.OrderID)
	}
	return all
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
