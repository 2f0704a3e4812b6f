package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// busFaults are the ways in which EventBridge can fail.
func busFaults() map[string]fault {
	return map[string]fault{"hangs": hang, "resets": reset, "breaks down": breakDown, "throttles": throttle, "fails the entries": failEntries("")}
}

func throttle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
}

// failEntries answers 200, with a failure for each entry, or for those alone that are about one order.
func failEntries(orderID string) fault {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Entries []struct{ Resources []string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		type result struct {
			EventID   string `json:"EventId,omitempty"`
			ErrorCode string `json:",omitempty"`
		}
		out := struct {
			FailedEntryCount int
			Entries          []result
		}{}
		for _, entry := range in.Entries {
			if orderID == "" || slices.Contains(entry.Resources, orderID) {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, result{ErrorCode: "InternalFailure"})
			} else {
				out.Entries = append(out.Entries, result{EventID: uuid.NewString()})
			}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}
}

// newOrders are the records of n new orders, numbered from 1.
func newOrders(n int) (ids []string, records []json.RawMessage) {
	for i := range n {
		ids = append(ids, uuid.NewString())
		records = append(records, madeUpRecord(ids[i], i+1))
	}
	return ids, records
}

func TestTheNextAttemptReachesTheBus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.NotFoundHandler(), "no-table")
	update := w.start(t, tableUpdate)
	for name, broken := range busFaults() {
		t.Run(name, func(t *testing.T) {
			ids, records := newOrders(3)
			before, sent := w.events.requests.Load(), len(w.bus.Events())
			w.events.failOnce(broken)
			require.Empty(t, announce(t, update, records))
			require.EqualValues(t, 2, w.events.requests.Load()-before, "attempts")
			var want []string
			for _, id := range ids {
				want = append(want, "OrderCreated "+id)
			}
			require.ElementsMatch(t, want, w.published()[sent:])
		})
	}
	require.Equal(t, 1, update.Process().Number)
}

func TestABusThatNeverRecoversIsToldOfInTime(t *testing.T) {
	t.Parallel()
	for name, broken := range busFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, http.NotFoundHandler(), "no-table")
			update := w.start(t, tableUpdate, quick)
			w.events.fail(broken)
			_, records := newOrders(3)
			require.Equal(t, []string{"1"}, announce(t, update, records))
			require.Greater(t, w.events.requests.Load(), int64(1), "attempts")
			require.Equal(t, 1, update.Process().Number)
			w.close()
			require.Contains(t, w.printed.String(), "change not announced")
		})
	}
}

func TestTheFirstRecordNotSentIsWhereTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.NotFoundHandler(), "no-table")
	update := w.start(t, tableUpdate, quick)
	ids, records := newOrders(25)
	w.events.fail(failEntries(ids[11]))
	require.Equal(t, []string{"12"}, announce(t, update, records))
}
