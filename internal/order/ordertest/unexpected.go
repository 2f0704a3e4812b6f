package ordertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"orders/internal/order"
)

// readingIsLenient reads orders in every way, however another program wrote them.
func readingIsLenient(t *testing.T, f Fixture) {
	ctx := within(t)
	rapid.Check(t, func(rt *rapid.T) {
		o := Orders().Draw(rt, "order")
		o.OrderID, o.UserID = freshID(), uuid.NewString()
		document := encode(rt, DrawAttributes(rt, o))
		f.Seed(t, document)
		got := get(rt, ctx, f, o.OrderID)
		requireSame(rt, o, got)
		require.Equal(rt, decode(rt, f.Stored(t, o.OrderID)), decode(rt, got.Document))

		existing, err := f.Store.Create(ctx, o)
		require.NoError(rt, err)
		requireSame(rt, o, *existing)

		var seen order.Progress
		_, err = f.Store.Update(ctx, o.OrderID, func(p order.Progress) (order.Progress, error) { seen = p; return p, nil })
		require.NoError(rt, err)
		require.Equal(rt, o.Progress(), seen)

		awaitList(t, ctx, f, o.UserID, 1)
		page, err := f.Store.List(ctx, order.Query{UserID: o.UserID, Limit: 1})
		require.NoError(rt, err)
		require.Equal(rt, []order.Order{o}, page.Orders)
	})
}

// unreadableItems are edits that make a document unreadable.
var unreadableItems = map[string]struct {
	edit   func(document map[string]any)
	update bool // whether an update is affected too
}{
	"a price with a fraction":   {func(d map[string]any) { line(d, 0)["price"] = json.Number("99.99") }, true},
	"a product that is a text":  {func(d map[string]any) { d["products"] = []any{"lamp"} }, true},
	"products that are no list": {func(d map[string]any) { d["products"] = map[string]any{} }, true},
	"a total that is a word":    {func(d map[string]any) { d["total"] = "much" }, true},
	"a status that is a number": {func(d map[string]any) { d["status"] = json.Number("1") }, true},
	"a numeric modifiedDate":    {func(d map[string]any) { d["modifiedDate"] = json.Number("20260123") }, true},
	"a numeric postCode":        {func(d map[string]any) { d["address"].(map[string]any)["postCode"] = json.Number("20095") }, false},
	"an address that is a list": {func(d map[string]any) { d["address"] = []any{} }, false},
	"a paymentToken of bytes":   {func(d map[string]any) { d["paymentToken"] = []any{json.Number("1")} }, false},
}

// unreadableHidesNothing stores an unreadable item between two orders of the same user.
func unreadableHidesNothing(t *testing.T, f Fixture) {
	for name, c := range unreadableItems {
		t.Run(name, func(t *testing.T) {
			ctx, orders := within(t), createList(t, f, 3)
			bad := orders[1]
			content := decode(t, encode(t, bad))
			c.edit(content)
			document := encode(t, content)
			f.Seed(t, document)

			_, err := f.Store.Get(ctx, bad.OrderID)
			requireUnreadable(t, err, bad, document)
			existing, err := f.Store.Create(ctx, bad)
			requireUnreadable(t, err, bad, document)
			require.Nil(t, existing)
			requireStored(t, f, bad.OrderID, document)

			for _, limit := range []int{1, 2, 3, 100} {
				var read []order.Order
				var unreadable []*order.UnreadableItem
				for _, page := range pages(t, ctx, f, bad.UserID, limit, 3) {
					read, unreadable = append(read, page.Orders...), append(unreadable, page.Unreadable...)
				}
				require.ElementsMatch(t, []string{orders[0].OrderID, orders[2].OrderID}, ids(read))
				require.Len(t, unreadable, 1)
				requireUnreadable(t, &order.Error{Kind: order.Unreadable, Err: unreadable[0]}, bad, document)
			}

			changed, err := f.Store.Update(ctx, bad.OrderID, func(p order.Progress) (order.Progress, error) { return later(p, order.Packaged), nil })
			require.Equal(t, !c.update, changed)
			if c.update {
				requireKind(t, order.Unreadable, err)
			} else {
				require.NoError(t, err)
				content["status"], content["modifiedDate"] = "PACKAGED", string(next(bad.ModifiedDate))
			}
			requireStored(t, f, bad.OrderID, encode(t, content))
		})
	}
}

func requireUnreadable(t *testing.T, err error, o order.Order, document json.RawMessage) {
	t.Helper()
	requireKind(t, order.Unreadable, err)
	item, ok := errors.AsType[*order.UnreadableItem](err)
	require.True(t, ok)
	require.Equal(t, []string{o.OrderID, o.UserID}, []string{item.OrderID, item.UserID})
	require.Equal(t, decode(t, document), decode(t, item.Document))
	require.NotEmpty(t, item.Reason)
}

// anyPositionWorks pages through orders with dates and IDs that this service does not write.
func anyPositionWorks(t *testing.T, f Fixture) {
	ctx, userID, prefix := within(t), uuid.NewString(), freshID()
	var stored []string
	for i, date := range []string{
		"2026-01-23T10:53:60Z", "2026-01-23T10:53:49+0000", "2026-01-23 10:53:49", "2026-01-23", "yesterday", "0", "~", "<&>\"\\", "a\u2028\x01\x7fb", "żółć",
	} {
		for _, orderID := range []string{"%s-%d", "%s/%d", "%s <&> \"%d", "żółć %s %d"} {
			stored = append(stored, fmt.Sprintf(orderID, prefix, i))
			f.Seed(t, encode(t, map[string]any{"orderId": stored[len(stored)-1], "userId": userID, "createdDate": date}))
		}
	}
	awaitList(t, ctx, f, userID, len(stored))
	for _, limit := range []int{1, 3, 7, 100} {
		var read []order.Order
		for _, page := range pages(t, ctx, f, userID, limit, len(stored)) {
			read = append(read, page.Orders...)
		}
		require.ElementsMatch(t, stored, ids(read), "limit %d", limit)
		requireNewestFirst(t, read)
	}
}

// absentIsGuarded updates orders without status and modifiedDate, which another writer adds in
// between.
func absentIsGuarded(t *testing.T, f Fixture) {
	for name, absent := range map[string]map[string]any{
		"missing": {}, "null": {"status": nil, "modifiedDate": nil}, "empty": {"status": "", "modifiedDate": ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, orderID := within(t), freshID()
			content := map[string]any{"orderId": orderID, "userId": uuid.NewString()}
			maps.Copy(content, absent)
			f.Seed(t, encode(t, content))
			var seen []order.Status
			changed, err := f.Store.Update(ctx, orderID, func(p order.Progress) (order.Progress, error) {
				if seen = append(seen, p.Status); len(seen) == 1 {
					_, err := f.Store.Update(ctx, orderID, func(p order.Progress) (order.Progress, error) { p.Status = order.Packaged; return p, nil })
					require.NoError(t, err)
				}
				p.Total, p.ModifiedDate = p.Total+1, "2026-01-23T10:53:49.131052Z"
				return p, nil
			})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, []order.Status{"", order.Packaged}, seen)
			got := get(t, ctx, f, orderID)
			require.Equal(t, order.Packaged, got.Status)
			require.EqualValues(t, 1, got.Total)
			require.Empty(t, slices.Clip(got.Products))
		})
	}
}
