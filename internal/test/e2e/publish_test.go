package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/lambdaruntime"
	"orders/internal/test/testworld"
)

// busFaults are the ways in which EventBridge can fail.
func busFaults() map[string]testworld.Fault {
	return map[string]testworld.Fault{
		"hangs": testworld.Hang, "resets": testworld.Reset, "internal error": testworld.InternalError,
		"throttles": testworld.Throttled, "fails the entries": failEntries(""),
	}
}

// failEntries responds with 200 and a failure for each entry, or only for the entries about one
// order.
func failEntries(orderID string) testworld.Fault {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		var input struct {
			Entries []struct{ Resources []string }
		}
		if err := json.Unmarshal(body, &input); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var output struct {
			FailedEntryCount int
			Entries          []map[string]string
		}
		for _, entry := range input.Entries {
			if orderID == "" || slices.Contains(entry.Resources, orderID) {
				output.FailedEntryCount++
				output.Entries = append(output.Entries, map[string]string{"ErrorCode": "InternalFailure"})
			} else {
				output.Entries = append(output.Entries, map[string]string{"EventId": uuid.NewString()})
			}
		}
		testworld.Respond(http.StatusOK, string(testworld.Encode(output)))(w, r, body)
	}
}

// newOrders returns the records of n new orders, numbered from 1, that no table knows of.
func newOrders(n int) (ids []string, records []streamtest.Record) {
	for i := range n {
		ids = append(ids, uuid.NewString())
		records = append(records, newOrder(ids[i], i+1))
	}
	return ids, records
}

func newOrder(orderID string, number int) streamtest.Record {
	return streamtest.Insert(orderID, strconv.Itoa(number), streamtest.Image(map[string]any{
		"orderId": orderID, "paymentToken": secret + "token", "address": map[string]any{"name": secret + "name"},
	}))
}

// publish runs table-update on records of the stream and returns the sequence numbers of those to
// be retried.
func publish[R any](t *testing.T, f *lambdaruntime.Function, records []R) (failed []string) {
	t.Helper()
	response, err := invoke(t, f, streamtest.Event(records...))
	require.NoError(t, err)
	var batch events.DynamoDBEventResponse
	require.NoError(t, json.Unmarshal(response, &batch))
	for _, failure := range batch.BatchItemFailures {
		failed = append(failed, failure.ItemIdentifier)
	}
	return failed
}

func TestFailedPutEventsIsRetried(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	update := d.Start(t, testworld.TableUpdate)
	for name, fault := range busFaults() {
		t.Run(name, func(t *testing.T) {
			ids, records := newOrders(3)
			requests, events := d.Bus.Requests.Load(), len(d.bus.Events())
			d.Bus.FailOnce(fault)
			require.Empty(t, publish(t, update, records))
			require.EqualValues(t, 2, d.Bus.Requests.Load()-requests, "attempts")
			var want []string
			for _, id := range ids {
				want = append(want, "OrderCreated "+id)
			}
			require.ElementsMatch(t, want, d.published()[events:])
		})
	}
	require.Equal(t, 1, update.Process().Number)
}

func TestBusOutageIsReportedBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for name, fault := range busFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, http.NotFoundHandler(), "no-table")
			update := d.Start(t, testworld.TableUpdate, shortTimeout)
			d.Bus.Fail(fault)
			_, records := newOrders(3)
			require.Equal(t, []string{"1"}, publish(t, update, records))
			require.Greater(t, d.Bus.Requests.Load(), int64(1), "attempts")
			require.Equal(t, 1, update.Process().Number)
			d.Close(t)
			require.Contains(t, d.Log.String(), "publish failed")
		})
	}
}

func TestStreamResumesAtTheFirstUnpublishedRecord(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	update := d.Start(t, testworld.TableUpdate, shortTimeout)
	ids, records := newOrders(25)
	d.Bus.Fail(failEntries(ids[11]))
	require.Equal(t, []string{"12"}, publish(t, update, records))
}

func TestPoisonRecordsDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	update := d.Start(t, testworld.TableUpdate)
	ids, records := newOrders(10)
	records[3].New = []byte(`{"orderId":{"X":"no type"}}`)
	require.Empty(t, publish(t, update, records))
	var want []string
	for i, id := range ids {
		if i != 3 {
			want = append(want, "OrderCreated "+id)
		}
	}
	require.ElementsMatch(t, want, d.published())
	require.EqualValues(t, 1, d.DeadLetters.Requests.Load())
	require.Equal(t, 1, d.DeadLetters.RequestsWith(`\"startSequenceNumber\":\"4\"`), "a pointer to the record")
}

func TestPermanentFailureBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	update := d.Start(t, testworld.TableUpdate)
	ids, records := newOrders(3)
	records[1].New = json.RawMessage(`{"paymentToken":{"S":5}}`)

	d.DeadLetters.FailOnce(testworld.InternalError)
	require.Equal(t, []string{"2"}, publish(t, update, records), "the queue failed")
	require.Equal(t, []string{"OrderCreated " + ids[0]}, d.published())

	require.Empty(t, publish(t, update, records[1:]))
	require.Equal(t, []string{"OrderCreated " + ids[0], "OrderCreated " + ids[2]}, d.published())
	require.Equal(t, 2, d.DeadLetters.RequestsWith(`\"startSequenceNumber\":\"2\"`), "one failed, one was accepted")
	require.Equal(t, 1, update.Process().Number)
}
