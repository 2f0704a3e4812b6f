package dynamodb_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	streamARN = "arn:aws:dynamodb:eu-west-1:000000000000:table/local-orders/stream/2026-01-23T10:53:49.131"

	pageSize         = 3 // of DescribeStream
	iteratorLifetime = 15 * time.Minute
)

// A table is a fake of a table with a stream. It gives no stronger guarantees than DynamoDB does.
type table struct {
	mu        sync.Mutex
	missing   bool          // there is no such stream
	shards    []*tableShard // the youngest first: the order of the list does not help
	added     int
	sequence  int
	changes   map[int]int // by order
	iterators map[string]iterator
	requested []string // the iterators that were requested

	pages     int            // of the list, so far
	onPage    func(page int) // called before a page of the list is shown; may be nil
	throttles int            // calls that will be throttled
	garbles   int            // calls that will get an invalid response that contains a secret
	hangs     int            // calls that will get no response
}

// A tableShard has the changes of the orders from first up to, not including, last.
type tableShard struct {
	id, parent  string
	first, last int
	records     []tableRecord
	trimmed     string // sequence number of the last record that was trimmed
	closed      bool
	hidden      bool // the list omits it
	lost        bool // only the list has it
}

type tableRecord struct {
	sequence      string
	order, number int
}

type iterator struct {
	shard string
	after string
	empty bool // the next page is empty, whatever follows
	made  time.Time
}

const orders = 8

func newTable() *table {
	t := &table{changes: make(map[int]int), iterators: make(map[string]iterator)}
	t.add("", 0, orders)
	return t
}

func (t *table) add(parent string, first, last int) {
	t.shards = slices.Insert(t.shards, 0, &tableShard{id: shardID(t.added), parent: parent, first: first, last: last})
	t.added++
}

// shardID returns the ID of a shard, by the order in which shards were added.
func shardID(number int) string { return fmt.Sprintf("shardId-%020d-%08x", number, number+1) }

// change changes an order.
func (t *table) change(order int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes[order]++
	t.sequence += 7
	for _, s := range t.shards {
		if !s.closed && s.first <= order && order < s.last {
			// The numbers grow longer, so that text order is wrong.
			s.records = append(s.records, tableRecord{"9" + strings.Repeat("0", 19) + strconv.Itoa(t.sequence), order, t.changes[order]})
			return
		}
	}
	panic("no shard takes the change")
}

// split closes an open shard. Two others replace it, or only one if it cannot be divided or if roll
// is true.
func (t *table) split(which int, roll bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open := t.open()
	s := open[which%len(open)]
	s.closed = true
	middle := (s.first + s.last) / 2
	if roll || middle == s.first {
		t.add(s.id, s.first, s.last)
		return
	}
	t.add(s.id, s.first, middle)
	t.add(s.id, middle, s.last)
}

func (t *table) open() []*tableShard {
	var open []*tableShard
	for _, s := range t.shards {
		if !s.closed {
			open = append(open, s)
		}
	}
	return open
}

// remove removes a shard from the stream.
func (t *table) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shards = slices.DeleteFunc(t.shards, func(s *tableShard) bool { return s.id == id })
}

// hide removes a shard from the list only.
func (t *table) hide(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.find(id).hidden = true
}

// setLost makes a shard one that only the list has, or one that can be read again.
func (t *table) setLost(id string, lost bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.find(id).lost = lost
}

// trim removes the oldest records of a shard.
func (t *table) trim(id string, records int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.find(id)
	s.trimmed = s.records[records-1].sequence
}

// setMissing removes the stream, or brings it back.
func (t *table) setMissing(missing bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missing = missing
}

// iteratorRequests returns the iterators requested since the last call.
func (t *table) iteratorRequests() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	requested := t.requested
	t.requested = nil
	return requested
}

func (t *table) sum() (sum int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, changes := range t.changes {
		sum += changes
	}
	return sum
}

func (t *table) expire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.iterators)
}

// fail makes calls fail, in this order.
func (t *table) fail(hangs, throttles, garbles int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hangs, t.throttles, t.garbles = hangs, throttles, garbles
}

func (t *table) hang() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hangs--
	return t.hangs >= 0
}
