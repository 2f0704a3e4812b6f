package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
)

func TestMissingVariablesStopAFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.NotFoundHandler(), "no-table")
	for name, missing := range map[string][]string{
		createOrder: {"LOG_LEVEL", "ENVIRONMENT", "TABLE_NAME", "DELIVERY_API_URL", "PAYMENT_API_URL", "PRODUCTS_API_URL", "AWS_REGION"},
		getOrder:    {"LOG_LEVEL", "TABLE_NAME", "AWS_REGION"},
		onEvents:    {"LOG_LEVEL", "ENVIRONMENT", "TABLE_NAME", "AWS_REGION"},
		tableUpdate: {"LOG_LEVEL", "EVENT_BUS_NAME", "AWS_REGION"},
	} {
		t.Run(name, func(t *testing.T) {
			var printed transcript
			_, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{
				Binary: filepath.Join(w.binaries, name), Env: map[string]string{"AWS_REGION": ""}, Log: &printed,
			})
			var failure *lambda.FunctionError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "Error: Runtime exited with error: exit status 1", failure.Message, "before it asks for an event")
			lines := printed.lines(t)
			require.Len(t, lines, 1)
			require.Equal(t, "ERROR", lines[0]["level"])
			require.Equal(t, name+" does not start", lines[0]["message"])
			require.Equal(t, "missing environment variables: "+strings.Join(missing, ", "), lines[0]["error"])
		})
	}
}

// quick gives invocations little time, and yet enough to tell of what did not answer in it.
func quick(o *lambdaruntime.Options) { o.Timeout = 2 * time.Second }

func TestATableThatHangsIsToldOfInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, http.HandlerFunc(hang), "no-table")
	user, id := uuid.NewString(), uuid.NewString()

	create, read, follow := w.start(t, createOrder, quick), w.start(t, getOrder, quick), w.start(t, onEvents, quick)
	t.Run("answers", func(t *testing.T) {
		t.Run(createOrder, func(t *testing.T) {
			t.Parallel()
			answer := ask(t, create, post(t, user, w.order()))
			require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
			require.JSONEq(t, `{"message":"Service unavailable","errors":["The order store is unavailable; please retry"]}`, answer.Body)
			require.Equal(t, "1", answer.Headers["Retry-After"])
		})
		t.Run(getOrder, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, http.StatusServiceUnavailable, ask(t, read, get("/backend/{orderId}", "", id)).StatusCode)
		})
		t.Run(onEvents, func(t *testing.T) {
			t.Parallel()
			_, err := invoke(t, follow, report("ecommerce.delivery", "DeliveryFailed", id, map[string]any{}))
			require.ErrorContains(t, err, "DeliveryFailed of order "+id+": Service unavailable", "the event is to come again")
		})
	})
	for _, f := range []*lambdaruntime.Function{create, read, follow} {
		require.Equal(t, 1, f.Process().Number, "none was killed for its deadline")
	}
}

func testHangingNeighbours(t *testing.T, w *world) {
	w.peers.fail(hang)
	user, o := uuid.NewString(), w.order()
	create := w.start(t, createOrder, quick)
	answer := ask(t, create, post(t, user, o))
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.JSONEq(t, `{"message":"Service unavailable","errors":["Failure to contact the delivery service",
		"Failure to contact the payment service","Failure to contact the products service","Failure to contact the users service"]}`, answer.Body)
	require.Empty(t, streamRecords(t, w.database.URL, w.table), "nothing was stored")

	w.peers.fail(nil)
	require.Equal(t, 1, create.Process().Number)
	require.Equal(t, http.StatusCreated, ask(t, w.start(t, createOrder), post(t, user, o)).StatusCode)
}
