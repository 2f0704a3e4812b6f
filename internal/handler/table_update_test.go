package handler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/order"
)

// A bus is a fake Publisher.
type bus struct {
	sent []order.Event
	fail map[string]error // by order ID
}

func (b *bus) Publish(_ context.Context, events []order.Event) []error {
	results := make([]error, len(events))
	for i, e := range events {
		if results[i] = b.fail[e.OrderID]; results[i] == nil {
			b.sent = append(b.sent, e)
		}
	}
	return results
}

func tableUpdate(b *bus, output *bytes.Buffer) *handler.TableUpdate {
	return &handler.TableUpdate{
		Publisher:   b,
		Image:       plainImage,
		TraceHeader: func(context.Context) string { return "Root=1-2-3" },
		Log:         slog.New(slog.NewJSONHandler(output, nil)),
	}
}

// plainImage parses an image whose attributes have no types.
func plainImage(stream json.RawMessage) (order.Image, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(stream, &attributes); err != nil {
		return nil, errors.New("not an image")
	}
	var image order.Image
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		image = append(image, order.Attribute{Name: name, Member: fmt.Appendf(nil, "%q:%s", name, attributes[name])})
	}
	return image, nil
}

func record(name, orderID, sequence, old, new string) string {
	images := ""
	if old != "" {
		images += `,"OldImage":` + old
	}
	if new != "" {
		images += `,"NewImage":` + new
	}
	return fmt.Sprintf(`{"eventName":%q,"dynamodb":{"Keys":{"orderId":{"S":%q}},"SequenceNumber":%q%s}}`, name, orderID, sequence, images)
}

func batch(records ...string) []byte {
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

func publish(t *testing.T, b *bus, event []byte) (string, error) {
	t.Helper()
	var output bytes.Buffer
	response, err := tableUpdate(b, &output).Invoke(t.Context(), event)
	require.NotContains(t, output.String(), "s3cret")
	if err != nil {
		require.NotContains(t, err.Error(), "s3cret")
	}
	return string(response), err
}

func TestEveryChangeBecomesAnEvent(t *testing.T) {
	var b bus
	response, err := publish(t, &b, batch(
		record("INSERT", "a", "1", "", `{"orderId":"a","x":"<1>"}`),
		record("MODIFY", "a", "2", `{"gone":1,"orderId":"a","x":1}`, `{"new":2,"orderId":"a","x":2}`),
		record("REMOVE", "a", "3", `{"orderId":"a","x":3}`, ""),
	))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, response)
	require.Equal(t, []order.Event{
		{OrderID: "a", Type: "OrderCreated", Detail: json.RawMessage(`{"orderId":"a","x":"<1>"}`), TraceHeader: "Root=1-2-3"},
		{OrderID: "a", Type: "OrderModified", Detail: json.RawMessage(`{"old":{"gone":1,"orderId":"a","x":1},"new":{"new":2,"orderId":"a","x":2},"changed":["gone","new","x"]}`), TraceHeader: "Root=1-2-3"},
		{OrderID: "a", Type: "OrderDeleted", Detail: json.RawMessage(`{"orderId":"a","x":3}`), TraceHeader: "Root=1-2-3"},
	}, b.sent)
}

func TestTheFirstRecordNotPublishedIsReported(t *testing.T) {
	records := []string{
		record("INSERT", "a", "101", "", `{}`), record("INSERT", "b", "102", "", `{}`),
		record("INSERT", "c", "103", "", `{}`), record("INSERT", "d", "104", "", `{}`),
	}
	transient := &order.Error{Kind: order.Unavailable, Message: "throttled"}
	permanent := &order.Error{Kind: order.Permanent, Message: "too large"}
	for name, c := range map[string]struct {
		fail     map[string]error
		reported string
	}{
		"in the middle":                   {map[string]error{"b": transient, "d": transient}, "102"},
		"the first":                       {map[string]error{"a": transient}, "101"},
		"the last":                        {map[string]error{"d": transient}, "104"},
		"permanent, but not the first":    {map[string]error{"c": permanent}, "103"},
		"permanent after a transient one": {map[string]error{"a": transient, "b": permanent}, "101"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := publish(t, &bus{fail: c.fail}, batch(records...))
			require.NoError(t, err)
			require.JSONEq(t, `{"batchItemFailures":[{"itemIdentifier":"`+c.reported+`"}]}`, response)
		})
	}
	_, err := publish(t, &bus{fail: map[string]error{"a": permanent}}, batch(records...))
	require.ErrorContains(t, err, `record "101" cannot be published`, "the function fails, so that the batch is bisected")
	_, err = publish(t, &bus{fail: map[string]error{"a": permanent}}, batch(records[0]))
	require.ErrorContains(t, err, "cannot be published")
}

func TestARecordThatCannotBeConvertedIsIsolated(t *testing.T) {
	good := record("INSERT", "a", "1", "", `{}`)
	for name, poison := range map[string]string{
		"no image":      record("INSERT", "b", "2", "", ""),
		"broken image":  record("MODIFY", "b", "2", `{}`, `"s3cret"`),
		"no old image":  record("MODIFY", "b", "2", "", `{}`),
		"no key":        record("INSERT", "", "2", "", `{}`),
		"unknown event": record("UPSERT", "b", "2", "", `{}`),
		"remove":        record("REMOVE", "b", "2", "", `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			var b bus
			response, err := publish(t, &b, batch(good, poison, good))
			require.NoError(t, err)
			require.JSONEq(t, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, response)
			require.Len(t, b.sent, 1, "records before it are published, records after it are not")
			_, err = publish(t, &b, batch(poison, good))
			require.ErrorContains(t, err, "cannot be published")
			require.Len(t, b.sent, 1)
		})
	}
}

func TestARecordWithoutASequenceNumberFailsTheFunction(t *testing.T) {
	_, err := publish(t, &bus{fail: map[string]error{"b": errors.New("throttled")}},
		batch(record("INSERT", "a", "1", "", `{}`), record("INSERT", "b", "", "", `{}`)))
	require.Error(t, err, "with an empty identifier, the mapping would repeat the whole batch")
}

func TestEmptyAndInvalidBatches(t *testing.T) {
	response, err := publish(t, &bus{}, []byte(`{"Records":[]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"batchItemFailures":[]}`, response)
	for _, event := range []string{``, `nope`, `[]`, `{}`, `{"Records":5}`, `{"Records":null}`, `{"Records":{"a":"s3cret"}}`} {
		var output bytes.Buffer
		_, err := tableUpdate(&bus{}, &output).Invoke(t.Context(), []byte(event))
		require.ErrorContains(t, err, "not a batch of stream records", event)
		require.Contains(t, output.String(), `"level":"ERROR","msg":"publish failed","error":"not a batch of stream records`)
		require.NotContains(t, output.String(), "s3cret")
	}
}

// A field of the wrong type makes its record fail, and no other.
func TestMistypedRecordsFail(t *testing.T) {
	good := record("INSERT", "a", "1", "", `{}`)
	for name, mistyped := range map[string]string{
		"keys":  strings.Replace(record("INSERT", "b", "2", "", `{}`), `{"S":"b"}`, `{"S":30111122}`, 1),
		"event": strings.Replace(record("INSERT", "b", "2", "", `{}`), `"INSERT"`, `30111122`, 1),
	} {
		var b bus
		response, err := publish(t, &b, batch(good, mistyped, good))
		require.NoError(t, err, name)
		require.JSONEq(t, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, response, name)
		require.Len(t, b.sent, 1, name)
	}
	for name, mistyped := range map[string]string{
		"number":          `5`,
		"sequence number": strings.Replace(record("INSERT", "b", "2", "", `{}`), `"2"`, `30111122`, 1),
	} {
		_, err := publish(t, &bus{fail: map[string]error{"b": errors.New("throttled")}}, batch(good, mistyped))
		require.ErrorContains(t, err, `record "" cannot be published`, name)
		require.NotContains(t, err.Error(), "30111122")
	}
}

func FuzzTableUpdate(f *testing.F) {
	f.Add(batch(record("MODIFY", "a", "1", `{}`, `{"a":1}`)))
	f.Add([]byte(`{"Records":[{}]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		response, err := publish(t, &bus{}, event)
		if err == nil {
			require.True(t, json.Valid([]byte(response)))
		}
	})
}
