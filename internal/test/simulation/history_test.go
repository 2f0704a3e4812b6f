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
	attempts  = maxFaults + 3 // so that no retries end for faults alone
	maxPanics = 1000          // and then one that is not caught
)

// A history is one world and what happens in it.
type history struct {
	seed        uint64
	seams       seams
	scheduler   *scheduler
	dynamo      *dynamodb.Client
	eventBridge *eventbridge.Client

	table      table
	stream     poller
	bus        bus
	fulfilment fulfilment
	customers  []*customer

	tokensGetSpent bool   // whether payment refuses a token that has bought an order
	nobodys        string // an order id that no token derives
	labels         map[string]string

	replies []reply
	sights  []sight
	lists   []list
	counts  counts
	panics  chan string
	settled int // records in the stream before the customers ask once more
}

// An outcome is what is left of a history.
type outcome struct {
	wrong []string // what the oracle found
	trace string
	tally tally
}

// play runs a history to its end and has it judged.
func play(t *testing.T, seed uint64, broken seams) (o outcome) {
	t.Helper()
	defer tellSeed(seed) // of goroutines that never end
	synctest.Test(t, func(*testing.T) {
		defer tellSeed(seed) // of what this package does not expect
		h := newHistory(seed, broken)
		o.wrong = h.play()
		o.trace, o.tally = h.scheduler.trace.String(), h.scheduler.tally
	})
	return o
}

// tellSeed adds to a panic how to bring it about again.
func tellSeed(seed uint64) {
	if r := recover(); r != nil {
		panic(fmt.Sprintf("%v\nReplay: %s", r, replay(seed)))
	}
}

// source is a source of chance of its own for everything that has a name.
func (h *history) source(name string) *rand.Rand {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	return rand.New(rand.NewPCG(h.seed, hash.Sum64()))
}

func newHistory(seed uint64, broken seams) *history {
	h := &history{seed: seed, seams: broken, table: table{items: map[string]item{}}, nobodys: "11111111-2222-4333-8444-555555555555",
		panics: make(chan string, maxPanics)}
	random := h.source("history")
	h.scheduler = newScheduler(h.source("scheduler"))
	h.dynamo, h.eventBridge = h.clients()
	h.tokensGetSpent = random.IntN(2) == 0
	h.bus = bus{history: h, pickyAll: random.IntN(2) == 0}
	h.fulfilment = fulfilment{history: h, known: map[string]bool{}, tricks: random.IntN(3) == 0}
	h.stream = poller{history: h, random: h.source("stream"), pace: []int{1, 20, 100}[random.IntN(3)]}
	h.labels = map[string]string{h.nobodys: "nobody's order"}
	for n := range 1 + random.IntN(3) {
		h.addCustomers(random, n+1)
	}
	return h
}

// addCustomers makes those who want one token to pay.
func (h *history) addCustomers(random *rand.Rand, n int) {
	first := newWish(random, fmt.Sprintf("user-%d", 1+random.IntN(2)), fmt.Sprintf("token-%d-%d", h.seed, n))
	h.labels[first.orderID()] = fmt.Sprintf("order %d", n)
	wishes := []wish{first}
	switch random.IntN(5) {
	case 0:
		wishes = append(wishes, first) // pressed the button twice
	case 1:
		wishes = append(wishes, first.changed(random))
	case 2:
		thief := first
		thief.User = "thief"
		wishes = append(wishes, thief)
	}
	for i, w := range wishes {
		name := fmt.Sprintf("customer %d%c", n, 'a'+i)
		h.customers = append(h.customers, &customer{history: h, name: name, wish: w, direct: random.IntN(4) == 0, random: h.source(name)})
	}
}

// play lets everything happen, then lets everybody ask once more in fair weather, and has the oracle judge.
func (h *history) play() []string {
	ctx, stop := context.WithCancel(context.Background())
	defer h.scheduler.abandon()
	defer stop()
	go h.stream.follow(ctx)
	for _, c := range h.customers {
		h.scheduler.spawn(c.shop)
	}
	h.meddlers()
	if err := h.scheduler.run(); err != nil {
		return []string{err.Error()}
	}
	h.scheduler.calmDown()
	h.settled = len(h.table.records)
	h.scheduler.trace.add("everything has settled; everybody asks once more")
	h.askAgain()
	if err := h.scheduler.run(); err != nil {
		return []string{err.Error()}
	}
	h.scheduler.tally.orders, h.scheduler.tally.events = len(h.table.items), len(h.bus.accepted)
	return h.judge()
}

func (h *history) meddlers() {
	random := h.source("meddlers")
	if random.IntN(4) == 0 {
		h.scheduler.spawn(func() { h.meddle("operator", h.source("operator"), "note", text("by an operator")) })
	}
	if random.IntN(8) == 0 {
		yes := &types.AttributeValueMemberBOOL{Value: true}
		h.scheduler.spawn(func() { h.meddle("poisoner", h.source("poisoner"), "poison", yes) })
	}
}

// askAgain sends the request of every stored order once more, and reads every user's list.
func (h *history) askAgain() {
	for _, c := range slices.Clone(h.customers) {
		if stored := h.table.items[c.wish.orderID()]; stored != nil && c.wish.stillMeans(plainItem(stored)) {
			again := &customer{history: h, name: c.name + " once more", wish: c.wish, direct: c.direct, random: c.random, again: true}
			h.customers = append(h.customers, again)
			h.scheduler.spawn(again.shop)
		}
	}
	for _, user := range []string{"user-1", "user-2", "thief"} {
		h.scheduler.spawn(func() { h.readList(user) })
	}
}

func (h *history) repliesTo(c *customer) []reply {
	return slices.DeleteFunc(slices.Clone(h.replies), func(r reply) bool { return r.customer != c })
}

func (h *history) hasOrderOf(w wish) bool {
	stored := h.table.items[w.orderID()]
	return stored != nil && w.stillMeans(plainItem(stored))
}

// anyOrder is the id of an order that somebody wants, stored or not.
func (h *history) anyOrder(random *rand.Rand) string {
	return h.customers[random.IntN(len(h.customers))].wish.orderID()
}

// short is how the trace calls an order.
func (h *history) short(orderID string) string {
	if label, ok := h.labels[orderID]; ok {
		return label
	}
	return orderID
}

// entryNames tells apart the requests that one process has under way.
func (h *history) entryNames(entries []ebtypes.PutEventsRequestEntry) (names string) {
	for i, entry := range entries {
		if i > 0 {
			names += ", "
		}
		names += *entry.DetailType + " of " + h.short(entry.Resources[0])
	}
	return names
}
