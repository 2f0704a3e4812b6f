package memory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/memory"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// pack sets the status PACKAGED and the next modifiedDate.
func pack(p order.Progress) (order.Progress, error) {
	next, err := p.ModifiedDate.Next(time.Time{})
	p.Status, p.ModifiedDate = order.Packaged, next
	return p, err
}

func records(t *testing.T, s *memory.Store, after string, limit int) []memory.Record {
	all, err := s.Records(t.Context(), after, limit)
	require.NoError(t, err)
	return all
}

func TestRecordsHaveEveryChange(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	s := &memory.Store{Now: func() time.Time { now = now.Add(time.Second); return now }}
	o := ordertest.Sample()
	_, err := s.Create(t.Context(), o)
	require.NoError(t, err)
	created := stored(t, s, o.OrderID)
	_, err = s.Update(t.Context(), o.OrderID, pack)
	require.NoError(t, err)
	packed := stored(t, s, o.OrderID)
	put := ordertest.Original(o.OrderID, o.UserID)
	require.NoError(t, s.Put(t.Context(), put))
	require.NoError(t, s.Delete(t.Context(), o.OrderID))
	require.Nil(t, stored(t, s, o.OrderID))

	at := time.Date(2026, 5, 4, 3, 2, 2, 0, time.UTC)
	require.Equal(t, []memory.Record{
		{SequenceNumber: "000000000000000000001", EventName: memory.Insert, OrderID: o.OrderID, NewImage: created, CreatedAt: at},
		{SequenceNumber: "000000000000000000002", EventName: memory.Modify, OrderID: o.OrderID, OldImage: created, NewImage: packed, CreatedAt: at.Add(time.Second)},
		{SequenceNumber: "000000000000000000003", EventName: memory.Modify, OrderID: o.OrderID, OldImage: packed, NewImage: put, CreatedAt: at.Add(2 * time.Second)},
		{SequenceNumber: "000000000000000000004", EventName: memory.Remove, OrderID: o.OrderID, OldImage: put, CreatedAt: at.Add(3 * time.Second)},
	}, records(t, s, "", 100))
}

func TestCallsThatChangeNothingMakeNoRecord(t *testing.T) {
	s, o := new(memory.Store), ordertest.Sample()
	same := func(p order.Progress) (order.Progress, error) { return p, nil }
	_, err := s.Create(t.Context(), o)
	require.NoError(t, err)
	_, err = s.Create(t.Context(), o)
	require.NoError(t, err)
	_, err = s.Update(t.Context(), o.OrderID, same)
	require.NoError(t, err)
	_, err = s.Update(t.Context(), order.IDFor("none"), pack)
	require.Equal(t, order.NotFound, order.KindOf(err))
	require.NoError(t, s.Delete(t.Context(), order.IDFor("none")))
	require.Error(t, s.Put(t.Context(), json.RawMessage(`{"userId": "u"}`)))
	require.Len(t, records(t, s, "", 100), 1)
}

func TestRecordsAreReadInBatches(t *testing.T) {
	s := new(memory.Store)
	for i := range 10 {
		require.NoError(t, s.Put(t.Context(), fmt.Appendf(nil, `{"orderId": "%d"}`, i)))
	}
	var read []string
	after := ""
	for len(read) < 10 {
		batch := records(t, s, after, 3)
		require.LessOrEqual(t, len(batch), 3)
		for _, c := range batch {
			require.Greater(t, c.SequenceNumber, after)
			after = c.SequenceNumber
			read = append(read, c.OrderID)
		}
	}
	require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, read)
}

func TestRecordsWaits(t *testing.T) {
	s := new(memory.Store) // made outside the bubble, as a shared store may be
	require.NoError(t, s.Put(t.Context(), json.RawMessage(`{"orderId": "first"}`)))
	after := records(t, s, "", 1)[0].SequenceNumber
	synctest.Test(t, func(t *testing.T) {
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				all, err := s.Records(t.Context(), after, 10)
				require.NoError(t, err)
				require.Equal(t, "second", all[0].OrderID)
			})
		}
		synctest.Wait() // all of them wait
		require.NoError(t, s.Put(t.Context(), json.RawMessage(`{"orderId": "second"}`)))
		readers.Wait()
	})
}

func TestRecordsReturnsWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(memory.Store)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := s.Records(ctx, "", 10)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, order.Unavailable, order.KindOf(err))

		require.NoError(t, s.Put(t.Context(), json.RawMessage(`{"orderId": "late"}`)))
		_, err = s.Records(ctx, "", 10)
		require.ErrorIs(t, err, context.DeadlineExceeded, "even if there is a change by now")
	})
}

func TestRecordsRejectsUnknownSequenceNumbers(t *testing.T) {
	s := new(memory.Store)
	require.NoError(t, s.Put(t.Context(), json.RawMessage(`{"orderId": "only"}`)))
	for _, after := range []string{"2", "-1", "x", "1.5", "99999999999999999999999"} {
		_, err := s.Records(t.Context(), after, 1)
		require.ErrorContains(t, err, "no record has sequence number", after)
	}
	_, err := s.Records(t.Context(), "", 0)
	require.ErrorContains(t, err, "limit is 0")
}

// TestRecordsHaveEveryConcurrentWrite replays the records of many writers: every old image must be
// the new one before it, and the last ones what is stored.
func TestRecordsHaveEveryConcurrentWrite(t *testing.T) {
	const orders, writers, steps = 5, 8, 20
	s := new(memory.Store)
	var ids []string
	for range orders {
		o := ordertest.Sample()
		_, err := s.Create(t.Context(), o)
		require.NoError(t, err)
		ids = append(ids, o.OrderID)
	}
	read := make(chan []memory.Record)
	go func() {
		var all []memory.Record
		after := ""
		for len(all) < orders+writers*steps {
			batch, err := s.Records(t.Context(), after, 7)
			if err != nil {
				break
			}
			all = append(all, batch...)
			after = all[len(all)-1].SequenceNumber
		}
		read <- all
	}()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for step := range steps {
				_, err := s.Update(t.Context(), ids[(w+step)%orders], func(p order.Progress) (order.Progress, error) {
					p.Total++
					return pack(p)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()

	latest := map[string]json.RawMessage{}
	for _, c := range <-read {
		require.Equal(t, latest[c.OrderID], c.OldImage)
		latest[c.OrderID] = c.NewImage
	}
	for _, id := range ids {
		require.Equal(t, stored(t, s, id), latest[id])
	}
}
