package ops_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/ops"
	"orders/internal/order"
)

// parameters are the SSM parameters, by name.
type parameters map[string]string

func (p parameters) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	value, ok := p[*in.Name]
	if !ok {
		return nil, &ssmtypes.ParameterNotFound{}
	}
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Value: aws.String(value)}}, nil
}

func TestReadStack(t *testing.T) {
	const complete = `{"functions":{"create-order":{"name":"f","alias":"live","logGroup":"/g"}},
		"queues":{"updates":"u","updates-dead-letters":"d","records-dead-letters":"r"},
		"table":"t","stream":"s","eventBus":"b","alarmPrefix":"a-"}`
	all := parameters{"/ecommerce/dev/orders/ops": complete, "/ecommerce/bad/orders/ops": "x", "/ecommerce/poor/orders/ops": `{"table":"t"}`}
	stack, err := ops.ReadStack(t.Context(), all, "dev")
	require.NoError(t, err)
	require.Equal(t, ops.Stack{
		Functions: map[string]ops.Function{"create-order": {Name: "f", Alias: "live", LogGroup: "/g"}},
		Queues:    ops.Queues{Updates: "u", UpdateDeadLetters: "d", RecordDeadLetters: "r"},
		Table:     "t", Stream: "s", EventBus: "b", Alarms: "a-",
	}, stack)
	for environment, want := range map[string]string{
		"prod": "read parameter /ecommerce/prod/orders/ops", "bad": "invalid character", "poor": "it must name functions",
	} {
		_, err := ops.ReadStack(t.Context(), all, environment)
		require.ErrorContains(t, err, want)
	}
}

func TestStatus(t *testing.T) {
	a := newAccount(t)
	a.sqs.put(updates, "x", 0)
	a.lambda.live["test-get-order"] = 2
	status, err := a.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, []ops.Alarm{{Name: "test-API5XXAlarm", Since: time.Unix(1767225600, 0), Reason: "threshold crossed"}}, status.Alarms)
	require.Equal(t, aws.Float64(1), status.IteratorAgeSeconds)
	require.Equal(t, []ops.QueueStatus{
		{Name: "updates", Visible: 1},
		{Name: "updates-dead-letters", OldestAgeSeconds: aws.Float64(3000)},
		{Name: "records-dead-letters", OldestAgeSeconds: aws.Float64(4000)},
	}, status.Queues)
	require.Equal(t, ops.FunctionState{Name: "get-order", Version: "2", Since: "2026-01-02", Commit: "commit of /get-order"}, status.Functions[1])
	require.Contains(t, a.logs.queries, `fields commit | filter ispresent(commit) and @logStream like "[2]" | sort @timestamp desc | limit 1`)

	a.Stack.Alarms = "" // a local service
	status, err = a.Status(t.Context())
	require.NoError(t, err)
	require.Nil(t, status.Alarms)
	require.Nil(t, status.IteratorAgeSeconds)
}

func TestOrderShowsNothingPersonal(t *testing.T) {
	a := newAccount(t)
	o := a.store(t)
	a.logs.lines = []string{
		`{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","message":"order created","orderId":"x"}`,
		`{"timestamp":"2026-01-01T00:00:01Z","level":"ERROR","message":"publish failed","error":"throttled","reason":"r"}`, "no JSON",
	}
	report, err := a.Order(t.Context(), o.OrderID, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, o.Total, report.Total)
	require.Equal(t, order.New, report.Status)
	require.Equal(t, []ops.LogLine{
		{Time: "2026-01-01T00:00:00Z", Level: "INFO", Message: "order created"},
		{Time: "2026-01-01T00:00:01Z", Level: "ERROR", Message: "publish failed", Reason: "r", Error: "throttled"},
	}, report.Log)
	require.Contains(t, a.logs.queries[0], `filter orderId = "`+o.OrderID+`"`)
	text := encode(t, report)
	for _, secret := range []string{string(o.PaymentToken), o.Address.Name, o.Address.PhoneNumber, o.UserID} {
		require.NotContains(t, text, secret)
	}

	_, err = a.Order(t.Context(), uuid.NewString(), time.Now())
	require.Equal(t, order.NotFound, order.KindOf(err))
	_, err = a.Order(t.Context(), `x" or true`, time.Now())
	require.ErrorContains(t, err, "is not an order ID")
}

func TestPublish(t *testing.T) {
	a := newAccount(t)
	id := uuid.NewString()
	a.items[id] = map[string]dynamotypes.AttributeValue{
		"orderId": &dynamotypes.AttributeValueMemberS{Value: id}, "total": &dynamotypes.AttributeValueMemberN{Value: "100"},
		"createdDate":  &dynamotypes.AttributeValueMemberS{Value: "2026-01-01T00:00:00.000000Z"},
		"modifiedDate": &dynamotypes.AttributeValueMemberS{Value: "2026-01-01T00:00:01.000000Z"},
	}
	require.NoError(t, a.Publish(t.Context(), id, true))
	require.NoError(t, a.Publish(t.Context(), id, false))
	require.Equal(t, []string{"OrderCreated " + id, "OrderModified " + id}, a.bus.published())
	require.JSONEq(t, `{"orderId":"`+id+`","total":100,"createdDate":"2026-01-01T00:00:00.000000Z","modifiedDate":"2026-01-01T00:00:01.000000Z"}`,
		string(a.bus.events[0].Detail))
	require.Contains(t, string(a.bus.events[1].Detail), `"changed":["modifiedDate","total"]`)

	require.ErrorIs(t, a.Publish(t.Context(), uuid.NewString(), true), order.ErrNotFound)
	a.bus.rejects = id
	require.ErrorContains(t, a.Publish(t.Context(), id, true), "rejected")
}

func TestRollback(t *testing.T) {
	a := newAccount(t)
	a.lambda.live["test-on-events"] = 1
	_, err := a.PlanRollback(t.Context(), nil, 0)
	require.ErrorIs(t, err, ops.ErrNoVersion)

	moves, err := a.PlanRollback(t.Context(), []string{"create-order", "get-order"}, 0)
	require.NoError(t, err)
	require.Equal(t, []ops.Move{{Function: "create-order", From: 3, To: 2}, {Function: "get-order", From: 3, To: 2}}, moves)
	for _, m := range moves {
		require.NoError(t, a.Rollback(t.Context(), m))
	}
	require.Equal(t, 2, a.lambda.live["test-create-order"])

	moves, err = a.PlanRollback(t.Context(), []string{"on-events"}, 3)
	require.NoError(t, err)
	require.Equal(t, []ops.Move{{Function: "on-events", From: 1, To: 3}}, moves)
	a.lambda.fail = "test-on-events"
	require.ErrorContains(t, a.Rollback(t.Context(), moves[0]), "access denied")

	for _, functions := range [][]string{{"delete-order"}, {"create-order", "x"}} {
		_, err := a.PlanRollback(t.Context(), functions, 0)
		require.ErrorContains(t, err, "unknown function")
	}
	_, err = a.PlanRollback(t.Context(), []string{"create-order"}, 9)
	require.True(t, errors.Is(err, ops.ErrNoVersion))
}
