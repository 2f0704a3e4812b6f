package template_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/dynamo/streamimage"
	"orders/internal/handler"
	"orders/internal/order"
)

func tableItem(orderID string) string {
	return fmt.Sprintf(`{"Item":{"orderId":{"S":%q},"total":{"N":"12"},"createdDate":{"S":"2026-01-23T10:53:49.131052Z"},"modifiedDate":{"S":"2026-01-24T10:53:49.131052Z"}}}`, orderID)
}

func TestAnnounceTellsOfAnOrderFromTheTable(t *testing.T) {
	for kind, event := range map[string]string{"INSERT": "OrderCreated o-1", "MODIFY": "OrderModified o-1 modifiedDate,total"} {
		c := newCloud(t)
		c.write(t, "item", tableItem("o-1"))
		require.Equal(t, "announced: o-1\n", c.run(t, "announce "+kind+" o-1"))
		require.Equal(t, []string{event}, announced(t, c.lines("invoked")))
	}
}

func TestAnnounceTellsWhatItDidNotAnnounce(t *testing.T) {
	const unknown = "the table has no such order"
	for name, test := range map[string]struct{ file, content, reason string }{
		"no order":                {"", "", unknown},
		"no order, said in JSON":  {"item", "{}", unknown},
		"no answer":               {"denied", "", "AccessDeniedException"},
		"the function fails":      {"item", tableItem("refused"), ""},
		"the bus does not accept": {"item", tableItem("unsent"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			if test.file != "" {
				c.write(t, test.file, test.content)
			}
			output, err := c.try(t, "announce INSERT o-1")
			require.Error(t, err)
			require.True(t, strings.HasSuffix("\n"+output, "\nnot announced: o-1\n"), output)
			require.Contains(t, output, test.reason)
			require.Equal(t, test.reason == "", len(c.lines("invoked")) == 1, "a function is told of an order, or not at all")
		})
	}
}

// announced hands what table-update was invoked with to the real one, and tells what it announced.
func announced(t *testing.T, invocations []string) []string {
	t.Helper()
	var bus recorder
	tableUpdate := handler.TableUpdate{
		Publisher: &bus, Image: streamimage.Parse, Log: slog.New(slog.DiscardHandler),
		TraceHeader: func(context.Context) string { return "" },
	}
	for _, invocation := range invocations {
		payload, ok := strings.CutPrefix(invocation, "TableUpdate ")
		require.True(t, ok)
		answer, err := tableUpdate.Invoke(t.Context(), []byte(payload))
		require.NoError(t, err)
		require.JSONEq(t, `{"batchItemFailures":[]}`, string(answer))
	}
	return bus
}

type recorder []string

func (r *recorder) Publish(_ context.Context, events []order.Event) []error {
	for _, event := range events {
		var modification order.Modification
		_ = json.Unmarshal(event.Detail, &modification) // other events have no such members
		*r = append(*r, strings.TrimSpace(string(event.Type)+" "+event.OrderID+" "+strings.Join(modification.Changed, ",")))
	}
	return make([]error, len(events))
}
