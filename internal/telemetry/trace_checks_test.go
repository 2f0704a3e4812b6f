package telemetry

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

// neighbour is a checker that says what it is told to.
type neighbour struct{ says error }

func (neighbour) String() string                             { return "products" }
func (n neighbour) Check(context.Context, order.Order) error { return n.says }

func TestChecksAreSteps(t *testing.T) {
	refused := &order.Error{Kind: order.Rejected, Message: "tok_callers words"}
	failed := &order.Error{Kind: order.CheckFailed, Message: "Failure to contact the products service", Err: errors.New("timed out")}
	for name, c := range map[string]struct {
		says  error
		fault bool
	}{"yes": {nil, false}, "no": {refused, false}, "not asked": {failed, true}} {
		t.Run(name, func(t *testing.T) {
			daemon, tracer := startTracing(t)
			traced := order.ContextWithOrderID(traced(t), "o-1")
			err := tracer.Checkers([]order.Checker{neighbour{c.says}})[0].Check(traced, order.Order{})
			require.Equal(t, c.says, err)
			got := daemon.receive(t)
			require.Equal(t, "check products", got.Name)
			require.Equal(t, c.fault, got.Fault)
			require.Equal(t, map[string]any{"orderId": "o-1"}, got.Annotations)
			require.NotContains(t, got.text, "tok_")
		})
	}
}

func TestCallsCanBeFoundByTheirOrder(t *testing.T) {
	daemon, tracer := startTracing(t)
	about := order.ContextWithOrderID(traced(t), "o-1")

	client, _ := table(t, tracer, http.StatusOK, "{}")
	require.NoError(t, put(about, client))
	require.Equal(t, map[string]any{"orderId": "o-1"}, daemon.receive(t).Annotations)

	server, _ := answer(t, http.StatusOK, "{}")
	request, err := http.NewRequestWithContext(about, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	response, err := tracer.Transport(server.Client().Transport).RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, map[string]any{"orderId": "o-1"}, daemon.receive(t).Annotations)
}

func TestOffLeavesCheckersAlone(t *testing.T) {
	checkers := []order.Checker{neighbour{}}
	require.Equal(t, checkers, Tracer{}.Checkers(checkers))
}
