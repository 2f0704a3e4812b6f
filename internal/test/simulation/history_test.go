package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	maxFaults = 12            // in one history
	attempts  = maxFaults + 3 // so that faults alone never use up the retries
	maxPanics = 1000          // more are not caught
)

// A history is a table, a bus, peers and customers, and what happens to them.
type history struct {
	seed        uint64
	seams       seams
	scheduler   *scheduler
	dynamo      *dynamodb.Client
	eventBridge *eventbridge.Client

	table      table
	stream     poller
	bus        bus
	queue      queue
	fulfilment fulfilment
	customers  []*customer

	rejectsSpentTokens bool   // whether payment rejects a token that was used for an order
	unknownOrder       string // the ID of an order that nobody creates
	labels             map[string]string

	creates []createResult
	gets    []getResult
	lists   []list
	counts  counts
	panics  chan string
	settled int // records in the stream before requests are repeated
}

// A verdict is the result of a history.
type verdict struct {
	wrong []string // the faults that the oracle found
	trace string
	tally tally
}

// play plays a history and has the oracle check it.
func play(t *testing.T, seed uint64, broken seams) (o verdict) {
	t.Helper()
	defer addSeed(seed) // of goroutines that never end
	synctest.Test(t, func(*testing.T) {
		defer addSeed(seed) // of the code under test
		h := newHistory(seed, broken)
		o.wrong = h.play()
		o.trace, o.tally = h.scheduler.trace.String(), h.scheduler.tally
	})
	return o
}

// addSeed adds to a panic how to replay it.
func addSeed(seed uint64) {
	if r := recover(); r != nil {
		panic(fmt.Sprintf("%v\nReplay: %s", r, replay(seed)))
	}
}

// source returns the source of randomness of whatever has this name.
func (h *history) source(name string) *rand.Rand {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	return rand.New(rand.NewPCG(h.seed, hash.Sum64()))
}

func newHistory(seed uint64, broken seams) *history {
	h := &history{seed: seed, seams: broken, table: table{items: map[string]item{}}, unknownOrder: "11111111-2222-4333-8444-555555555555",
		panics: make(chan string, maxPanics)}
	random := h.source("history")
	h.scheduler = newScheduler(h.source("scheduler"))
	h.dynamo, h.eventBridge = h.clients()
	h.rejectsSpentTokens = random.IntN(2) == 0
	h.queue = queue{history: h}
	h.scheduler.queueIsEmpty = func() bool { return len(h.queue.messages) == 0 }
	h.bus = bus{history: h, rejectsWholeRequest: random.IntN(2) == 0}
	h.fulfilment = fulfilment{history: h, known: map[string]bool{}, unusual: random.IntN(3) == 0}
	h.stream = poller{history: h, random: h.source("stream"), pace: []int{1, 20, 100}[random.IntN(3)]}
	h.labels = map[string]string{h.unknownOrder: "an unknown order"}
	for n := range 1 + random.IntN(3) {
		h.addCustomers(random, n+1)
	}
	return h
}

// addCustomers adds the customers who pay with one token.
func (h *history) addCustomers(random *rand.Rand, n int) {
	first := newPurchase(random, fmt.Sprintf("user-%d", 1+random.IntN(2)), fmt.Sprintf("token-%d-%d", h.seed, n))
	h.labels[first.orderID()] = fmt.Sprintf("order %d", n)
	purchases := []purchase{first}
	switch random.IntN(5) {
	case 0:
		purchases = append(purchases, first) // sent twice
	case 1:
		purchases = append(purchases, first.changed(random))
	case 2:
		thief := first
		thief.User = "thief"
		purchases = append(purchases, thief)
	}
	for i, w := range purchases {
		name := fmt.Sprintf("customer %d%c", n, 'a'+i)
		h.customers = append(h.customers, &customer{history: h, name: name, purchase: w, direct: random.IntN(4) == 0, random: h.source(name)})
	}
}

// play runs until everything has settled, then repeats the requests without faults, and lets the
// oracle check the result.
func (h *history) play() []string {
	ctx, stop := context.WithCancel(context.Background())
	defer h.scheduler.abandon()
	defer stop()
	go h.stream.run(ctx)
	for n := range mappings {
		go h.queue.poll(ctx, fmt.Sprintf("mapping %c", 'a'+n))
	}
	for _, c := range h.customers {
		h.scheduler.spawn(c.run)
	}
	h.otherWriters()
	if err := h.scheduler.run(); err != nil {
		return []string{err.Error()}
	}
	h.scheduler.calmDown()
	h.settled = len(h.table.records)
	h.scheduler.trace.add("everything has settled; all requests are repeated")
	h.sendAgain()
	if err := h.scheduler.run(); err != nil {
		return []string{err.Error()}
	}
	h.scheduler.tally.orders, h.scheduler.tally.events = len(h.table.items), len(h.bus.accepted)
	return h.judge()
}

func (h *history) otherWriters() {
	random := h.source("otherWriters")
	if random.IntN(4) == 0 {
		h.scheduler.spawn(func() { h.editByHand("operator", h.source("operator"), "note", text("by an operator")) })
	}
	if random.IntN(8) == 0 {
		yes := &types.AttributeValueMemberBOOL{Value: true}
		h.scheduler.spawn(func() { h.editByHand("poisoner", h.source("poisoner"), "poison", yes) })
	}
}

// sendAgain repeats the request of every stored order, and lists every user's orders: all, and
// those with one status.
func (h *history) sendAgain() {
	for _, c := range slices.Clone(h.customers) {
		if stored := h.table.items[c.purchase.orderID()]; stored != nil && c.purchase.matchesStored(plainItem(stored)) {
			again := &customer{history: h, name: c.name + " repeats", purchase: c.purchase, direct: c.direct, random: c.random, again: true}
			h.customers = append(h.customers, again)
			h.scheduler.spawn(again.run)
		}
	}
	random := h.source("lists")
	for _, user := range []string{"user-1", "user-2", "thief"} {
		for _, status := range []string{"", statuses[random.IntN(len(statuses))]} {
			h.scheduler.spawn(func() { h.readList(fmt.Sprintf("%s lists %q", user, status), user, status) })
		}
	}
}

func (h *history) createsOf(c *customer) []createResult {
	return slices.DeleteFunc(slices.Clone(h.creates), func(r createResult) bool { return r.customer != c })
}

func (h *history) hasOrderOf(w purchase) bool {
	stored := h.table.items[w.orderID()]
	return stored != nil && w.matchesStored(plainItem(stored))
}

// anyOrder returns the ID of an order that a customer wants, stored or not.
func (h *history) anyOrder(random *rand.Rand) string {
	return h.customers[random.IntN(len(h.customers))].purchase.orderID()
}

// short returns the name of an order in the trace.
func (h *history) short(orderID string) string {
	if label, ok := h.labels[orderID]; ok {
		return label
	}
	return orderID
}

// entryNames distinguishes the concurrent requests of one process.
func (h *history) entryNames(entries []ebtypes.PutEventsRequestEntry) (names string) {
	for i, entry := range entries {
		if i > 0 {
			names += ", "
		}
		names += *entry.DetailType + " of " + h.short(entry.Resources[0])
	}
	return names
}
