package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/local/awsapi"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// A drain is a batch of stream records that is to be announced by the real function and publisher, fed by the event
// source mapping, on a bus over HTTP that refuses some entries.
type drain struct {
	records int     // in the stream
	orders  int     // that they are about, in turn
	refused float64 // share of entries, at random, that the bus refuses for now
	poison  int     // the position of a record that makes no event; negative: none
}

// fullDrain is the one that `make load` runs.
func fullDrain() drain { return drain{records: 10_000, orders: 2_000, refused: 0.03, poison: 5_000} }

const (
	drainBus     = "drain"
	batchTimeout = 30 * time.Second // as the function is deployed

	// A poison record's retries are as many as deployed, but come after one another sooner.
	poisonRetries = 10
	poisonWait    = 20 * time.Millisecond
)

// A drained is what became of a drain.
type drained struct {
	took        time.Duration
	refusals    int // entries that the bus refused
	deadLetters []sqs.Entry
	sent        map[string][]int // the numbers of the events accepted for each order, in their order
}

// run drains, until everything is sent or given up, or ctx ends.
func (d drain) run(ctx context.Context) (*drained, error) {
	b := &drainedBus{refused: d.refused, sent: map[string][]int{}}
	mux := http.NewServeMux()
	(&awsapi.Endpoints{Events: b}).Register(mux)
	s, err := startServer(mux)
	if err != nil {
		return nil, err
	}
	cfg := aws.Config{Region: region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
	})}
	client := eventbus.NewClient(cfg, s.url)
	update := lambda.Function{Name: "table-update", Region: region, Timeout: batchTimeout, Handler: &handler.TableUpdate{
		Publisher:   &eventbus.Publisher{Client: client, Bus: drainBus},
		Image:       streamimage.Parse,
		TraceHeader: func(context.Context) string { return "" },
		Log:         slog.New(slog.DiscardHandler),
	}}
	letters := &sqs.List{}
	began := time.Now()
	err = lambda.StreamMapping{
		Source: drainSource{d}, ShardID: "shard", Name: update.Name, Invoke: update.Invoke, DeadLetters: letters,
		MaximumRetryAttempts: poisonRetries, RetryWait: poisonWait, RetryWaitMaximum: poisonWait, Logger: slog.New(slog.DiscardHandler),
	}.Run(ctx)
	took := time.Since(began)
	if kept, ok := client.Options().HTTPClient.(*http.Client); ok {
		kept.CloseIdleConnections()
	}
	err = errors.Join(err, ctx.Err(), s.close())
	return &drained{took: took, refusals: b.refusals, deadLetters: letters.All(), sent: b.sent}, err
}

// faults is what is wrong with the way in which a stream was drained.
func (d drain) faults(r *drained) (faults []string) {
	for number := range d.orders {
		id := strconv.Itoa(number)
		want := d.eventsOf(number)
		if got := firsts(r.sent[id]); fmt.Sprint(got) != fmt.Sprint(want) {
			faults = append(faults, fmt.Sprintf("order %s has events %v, not %v", id, got, want))
		}
	}
	wantLetters := 0
	if d.poison >= 0 {
		wantLetters = 1
	}
	if len(r.deadLetters) != wantLetters {
		return append(faults, fmt.Sprintf("%d dead letters, not %d", len(r.deadLetters), wantLetters))
	}
	if wantLetters == 1 {
		if b := r.deadLetters[0].Batch; b == nil || b.BatchSize != 1 || b.StartSequenceNumber != sequenceOf(d.poison) {
			faults = append(faults, "the dead letter is not the poison record's alone")
		}
	}
	return faults
}

// eventsOf is the positions of the records about an order that make events.
func (d drain) eventsOf(number int) (positions []int) {
	for position := number; position < d.records; position += d.orders {
		if position != d.poison {
			positions = append(positions, position)
		}
	}
	return positions
}

// firsts is numbers without those that came before: an event may be sent again, but not for the first time out of turn.
func firsts(numbers []int) (kept []int) {
	seen := map[int]bool{}
	for _, n := range numbers {
		if !seen[n] {
			kept = append(kept, n)
		}
		seen[n] = true
	}
	return kept
}

// A drainedBus takes events and refuses some of them.
type drainedBus struct {
	refused float64

	mu       sync.Mutex
	refusals int
	sent     map[string][]int
}

var errRefused = errors.New("refused for now")

// Put is awsapi.Events'.
func (b *drainedBus) Put(entry awsapi.Entry) (eventID string, err error) {
	number, err := numberIn(entry.Detail)
	if err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if rand.Float64() < b.refused {
		b.refusals++
		return "", errRefused
	}
	id := entry.Resources[0]
	b.sent[id] = append(b.sent[id], number)
	return strconv.Itoa(number), nil
}

// reportDrain runs the full drain, and errs if anything was lost or out of order.
func reportDrain(ctx context.Context, out io.Writer) error {
	d := fullDrain()
	r, err := d.run(ctx)
	if err != nil {
		return err
	}
	faults := d.faults(r)
	sent := 0
	for _, events := range r.sent {
		sent += len(events)
	}
	fmt.Fprintf(out, "\n%s: %d stream records of %d orders, %.0f %% of entries refused at random, one poison record\n", drainScenario, d.records, d.orders, 100*d.refused)
	fmt.Fprintf(out, "  %-11s %.0f records a second, %s in all, %s of them for the poison record's retries at the least\n", "speed",
		float64(d.records)/r.took.Seconds(), short(r.took), short(poisonRetries*poisonWait/2))
	fmt.Fprintf(out, "  %-11s %d events accepted, %d entries refused and sent again, %d dead letters, %d faults\n", "proof", sent, r.refusals, len(r.deadLetters), len(faults))
	if len(faults) > 0 {
		return fmt.Errorf("%s: %d faults, the first: %s", drainScenario, len(faults), faults[0])
	}
	return nil
}
