package ops_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/ops"
	"orders/internal/order"
)

// update is the body of a fulfilment update.
func update(detailType, detail string, orderIDs ...string) string {
	source := map[string]string{"PackageCreated": "ecommerce.warehouse", "PackagingFailed": "ecommerce.warehouse"}[detailType]
	if source == "" {
		source = "ecommerce.delivery"
	}
	return fmt.Sprintf(`{"id":"e","source":%q,"detail-type":%q,"resources":%s,"detail":%s}`, source, detailType, quoted(orderIDs), detail)
}

func quoted(texts []string) string {
	out := "["
	for i, text := range texts {
		if i > 0 {
			out += ","
		}
		out += fmt.Sprintf("%q", text)
	}
	return out + "]"
}

func pointer(first, last string) string {
	return fmt.Sprintf(`{"DDBStreamBatchInfo":{"shardId":"s","startSequenceNumber":%q,"endSequenceNumber":%q,"streamArn":"arn:stream"}}`, first, last)
}

func image(orderID string) map[string]streams.AttributeValue {
	return map[string]streams.AttributeValue{"orderId": &streams.AttributeValueMemberS{Value: orderID}, "total": &streams.AttributeValueMemberN{Value: "100"}}
}

func TestListNamesTheReasonOfEachLetter(t *testing.T) {
	a := newAccount(t)
	stored, unknown := a.store(t).OrderID, uuid.NewString()
	insert := a.stream.add(streams.OperationTypeInsert, stored, image(stored))
	bad := a.stream.add("REPLACE", stored, image(stored))
	for i, body := range []string{
		update("DeliveryFailed", "{}", stored), update("PackagingFailed", "{}", unknown), update("PackageCreated", `{"products":"x"}`, stored),
		update("DeliveryDelayed", "{}", stored), "no JSON", update("DeliveryCompleted", "{}", "Jane Doe"),
	} {
		a.sqs.put(updateDeadLetters, body, time.Duration(10-i)*time.Hour)
	}
	a.sqs.put(updateDeadLetters, update("DeliveryCompleted", "{}", stored), time.Hour, "ERROR_CODE", "NO_PERMISSIONS")
	a.sqs.put(recordDeadLetters, pointer(insert, insert), 40*time.Minute)
	a.sqs.put(recordDeadLetters, pointer(bad, bad), 30*time.Minute)
	a.sqs.put(recordDeadLetters, pointer("900", "900"), 20*time.Minute)
	a.sqs.put(recordDeadLetters, `{}`, 10*time.Minute)

	letters, err := a.List(t.Context(), ops.Filter{}, nil)
	require.NoError(t, err)
	var got []string
	for _, l := range letters {
		got = append(got, fmt.Sprintf("%s %s %v: %s", l.Queue, l.Type, len(l.Orders), l.Reason))
	}
	require.Equal(t, []string{
		"updates DeliveryFailed 1: would succeed", "updates PackagingFailed 1: order not found", "updates PackageCreated 1: unreadable",
		"updates unknown 1: unreadable", "updates unknown 0: unreadable", "updates DeliveryCompleted 0: unreadable",
		"updates DeliveryCompleted 1: NO_PERMISSIONS",
		"records record 1: would succeed", "records record 1: unreadable", "records record 0: expired", "records unknown 0: unreadable",
	}, got)
	require.NotContains(t, encode(t, letters), "Jane")

	require.Len(t, a.sqs.bodies(updateDeadLetters), 7)
	require.NotContains(t, a.sqs.bodies(updateDeadLetters), "hidden", "listing leaves the letters visible")
	require.NotContains(t, a.sqs.bodies(recordDeadLetters), "hidden")
	require.Empty(t, a.bus.published())
	o, err := a.orders.Get(t.Context(), stored)
	require.NoError(t, err)
	require.Equal(t, order.New, o.Status, "finding the reason changes nothing")
}

func TestFilters(t *testing.T) {
	a := newAccount(t)
	stored, unknown := a.store(t).OrderID, uuid.NewString()
	a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", stored), time.Hour)
	a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", unknown), time.Hour)
	a.sqs.put(updateDeadLetters, update("PackagingFailed", "{}", unknown), time.Hour)
	a.sqs.put(recordDeadLetters, pointer("1", "1"), time.Hour)
	for name, c := range map[string]struct {
		filter ops.Filter
		want   int
	}{
		"none":     {ops.Filter{}, 4},
		"queue":    {ops.Filter{Queue: ops.UpdateDeadLetters}, 3},
		"order":    {ops.Filter{Order: unknown}, 2},
		"type":     {ops.Filter{Type: "packagingfailed"}, 1},
		"reason":   {ops.Filter{Reason: "order not found"}, 2},
		"max":      {ops.Filter{Max: 2}, 2},
		"together": {ops.Filter{Order: unknown, Type: "DeliveryFailed", Reason: "would succeed"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			letters, err := a.List(t.Context(), c.filter, nil)
			require.NoError(t, err)
			require.Len(t, letters, c.want)
			require.NotContains(t, append(a.sqs.bodies(updateDeadLetters), a.sqs.bodies(recordDeadLetters)...), "hidden")
		})
	}
}

func TestRedriveMovesAllLettersWithATaskOfSQS(t *testing.T) {
	a := newAccount(t)
	for range 20 {
		a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	}
	result, err := a.Redrive(t.Context(), ops.Filter{}, nil)
	require.NoError(t, err)
	require.Equal(t, ops.Result{Selected: 20, Done: 20, Failures: []ops.Failure{}}, result)
	require.Empty(t, a.sqs.bodies(updateDeadLetters))
	require.Len(t, a.sqs.bodies(updates), 20)
}

func TestRedriveMovesSelectedLettersOneByOne(t *testing.T) {
	a := newAccount(t)
	stored := a.store(t).OrderID
	wanted := update("DeliveryFailed", "{}", stored)
	a.sqs.put(updateDeadLetters, wanted, time.Hour)
	a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	result, err := a.Redrive(t.Context(), ops.Filter{Reason: "would succeed"}, nil)
	require.NoError(t, err)
	require.Equal(t, ops.Result{Selected: 1, Done: 1, Failures: []ops.Failure{}}, result)
	require.Equal(t, []string{wanted}, a.sqs.bodies(updates), "the body is unchanged")
	require.Len(t, a.sqs.bodies(updateDeadLetters), 1)
	require.NotContains(t, a.sqs.bodies(updateDeadLetters), "hidden")
}

func TestRedriveWithoutMoveTasks(t *testing.T) {
	a := newAccount(t)
	for range 30 {
		a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	}
	a.sqs.fail = func(operation string) error {
		if operation == "StartMessageMoveTask" {
			return &sqstypes.UnsupportedOperation{}
		}
		return nil
	}
	result, err := a.Redrive(t.Context(), ops.Filter{}, nil)
	require.NoError(t, err)
	require.Equal(t, 30, result.Done)
	require.Len(t, a.sqs.bodies(updates), 30)
}

func TestLettersThatFailStayAndAreTriedOnce(t *testing.T) {
	a := newAccount(t)
	for range 50 {
		a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	}
	var tried atomic.Int64
	a.sqs.fail = func(operation string) error {
		if operation == "SendMessage" {
			tried.Add(1)
			return errors.New("access denied")
		}
		return nil
	}
	result, err := a.Redrive(t.Context(), ops.Filter{Type: "DeliveryFailed"}, nil)
	require.NoError(t, err)
	require.Equal(t, 50, result.Left)
	require.Len(t, result.Failures, 50)
	require.EqualValues(t, 50, tried.Load())
	require.Len(t, a.sqs.bodies(updateDeadLetters), 50)
	require.NotContains(t, a.sqs.bodies(updateDeadLetters), "hidden")
}

func TestAnInterruptLeavesNothingHalfDone(t *testing.T) {
	a := newAccount(t)
	const letters = 500
	for range letters {
		a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	result, err := a.Redrive(ctx, ops.Filter{Type: "DeliveryFailed"}, func(done int) {
		if done == 100 {
			interrupt()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.GreaterOrEqual(t, result.Done, 100)
	require.Less(t, result.Done, letters)
	moved, left := a.sqs.bodies(updates), a.sqs.bodies(updateDeadLetters)
	require.Len(t, moved, result.Done)
	require.Len(t, left, letters-result.Done)
	require.False(t, slices.Contains(left, "hidden"))
}

func TestPublishRecordsPublishesWhatTheStreamStillHas(t *testing.T) {
	a := newAccount(t)
	first, second, rejected := uuid.NewString(), uuid.NewString(), uuid.NewString()
	begin := a.stream.add(streams.OperationTypeInsert, first, image(first))
	end := a.stream.add(streams.OperationTypeInsert, second, image(second))
	last := a.stream.add(streams.OperationTypeInsert, rejected, image(rejected))
	a.bus.rejects = rejected
	a.sqs.put(recordDeadLetters, pointer(begin, end), time.Hour)
	a.sqs.put(recordDeadLetters, pointer(last, last), time.Hour)
	a.sqs.put(recordDeadLetters, pointer("900", "901"), time.Hour)
	a.sqs.put(recordDeadLetters, "no pointer", time.Hour)

	result, err := a.PublishRecords(t.Context(), ops.Filter{}, nil)
	require.NoError(t, err)
	require.Equal(t, []int{4, 1, 3}, []int{result.Selected, result.Done, result.Left})
	require.Equal(t, []string{"OrderCreated " + first, "OrderCreated " + second}, a.bus.published())
	require.Len(t, a.sqs.bodies(recordDeadLetters), 3)

	a.stream.trimmed, a.bus.rejects = true, ""
	result, err = a.PublishRecords(t.Context(), ops.Filter{Type: "record"}, nil)
	require.NoError(t, err)
	require.Zero(t, result.Done)
	require.Contains(t, result.Failures[0].Error, "no longer has the record")
}

func TestPublishRecordsFindsTheShard(t *testing.T) {
	a := newAccount(t)
	first := uuid.NewString()
	number := a.stream.add(streams.OperationTypeInsert, first, image(first))
	a.sqs.put(recordDeadLetters, strings.Replace(pointer(number, number), `"shardId":"s",`, "", 1), time.Hour)
	result, err := a.PublishRecords(t.Context(), ops.Filter{}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, result.Done, "%+v", result.Failures)
	require.Equal(t, []string{"OrderCreated " + first}, a.bus.published())
}

func TestDeleteDeletesSelectedLetters(t *testing.T) {
	a := newAccount(t)
	stored := a.store(t).OrderID
	a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", stored), time.Hour)
	a.sqs.put(updateDeadLetters, update("DeliveryFailed", "{}", uuid.NewString()), time.Hour)
	result, err := a.Delete(t.Context(), ops.Filter{Queue: ops.UpdateDeadLetters, Reason: "order not found"}, nil)
	require.NoError(t, err)
	require.Equal(t, 1, result.Done)
	require.Equal(t, []string{update("DeliveryFailed", "{}", stored)}, a.sqs.bodies(updateDeadLetters))
}
