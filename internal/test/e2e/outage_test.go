package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/lambda"
	"orders/internal/test/testworld"
)

func TestMissingVariablesStopAFunctionAtStart(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string][]string{
		testworld.CreateOrder: {"LOG_LEVEL", "ENVIRONMENT", "TABLE_NAME", "DELIVERY_API_URL", "PAYMENT_API_URL", "PRODUCTS_API_URL", "AWS_REGION"},
		testworld.GetOrder:    {"LOG_LEVEL", "ENVIRONMENT", "TABLE_NAME", "AWS_REGION"},
		testworld.OnEvents:    {"LOG_LEVEL", "ENVIRONMENT", "TABLE_NAME", "AWS_REGION"},
		testworld.TableUpdate: {"LOG_LEVEL", "ENVIRONMENT", "EVENT_BUS_NAME", "DEAD_LETTER_QUEUE_URL", "AWS_REGION"},
	} {
		t.Run(name, func(t *testing.T) {
			var log testworld.Buffer
			_, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{
				Binary: testworld.Binary(name), Env: map[string]string{"AWS_REGION": ""}, Log: &log,
			})
			var failure *lambda.FunctionError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, "Error: Runtime exited with error: exit status 1", failure.Message, "before it asks for an event")
			lines := log.Lines(t)
			require.Len(t, lines, 1)
			require.Equal(t, "ERROR", lines[0]["level"])
			require.Equal(t, name+" failed to start", lines[0]["message"])
			require.Equal(t, "missing environment variables: "+strings.Join(missing, ", "), lines[0]["error"])
		})
	}
}

// shortTimeout leaves an invocation little time, and yet enough to report what did not respond in
// it.
func shortTimeout(o *lambdaruntime.Options) { o.Timeout = 2 * time.Second }

func TestTableOutageIsReportedBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	d.Table.Fail(testworld.Hang)
	user, id := uuid.NewString(), uuid.NewString()

	create := d.Start(t, testworld.CreateOrder, shortTimeout)
	read := d.Start(t, testworld.GetOrder, shortTimeout)
	update := d.Start(t, testworld.OnEvents, shortTimeout)
	t.Run("functions", func(t *testing.T) {
		t.Run(testworld.CreateOrder, func(t *testing.T) {
			t.Parallel()
			response := request(t, create, testworld.Post(user, d.order()))
			require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
			require.JSONEq(t, `{"message":"Service unavailable","errors":["The order store is unavailable; please retry"]}`, response.Body)
			require.Equal(t, "1", response.Headers["Retry-After"])
		})
		t.Run(testworld.GetOrder, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, http.StatusServiceUnavailable, request(t, read, testworld.Get("/backend/{orderId}", "", id)).StatusCode)
		})
		t.Run(testworld.OnEvents, func(t *testing.T) {
			t.Parallel()
			_, err := invoke(t, update, testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryFailed", map[string]any{}, id))
			require.ErrorContains(t, err, "DeliveryFailed of order "+id+": Service unavailable", "the event must be retried")
		})
	})
	for _, f := range []*lambdaruntime.Function{create, read, update} {
		require.Equal(t, 1, f.Process().Number, "none timed out")
	}
}

func testHangingPeers(t *testing.T, d *deployment) {
	d.Peers.Fail(testworld.Hang)
	user, o := uuid.NewString(), d.order()
	create := d.Start(t, testworld.CreateOrder, shortTimeout)
	response := request(t, create, testworld.Post(user, o))
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.JSONEq(t, `{"message":"Service unavailable","errors":["Failure to contact the delivery service",
		"Failure to contact the payment service","Failure to contact the products service","Failure to contact the users service"]}`, response.Body)
	require.Empty(t, d.streamRecords(t), "nothing was stored")

	d.Peers.Fail(nil)
	require.Equal(t, 1, create.Process().Number)
	require.Equal(t, http.StatusCreated, request(t, d.Start(t, testworld.CreateOrder), testworld.Post(user, o)).StatusCode)
}
