package local

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/deadletter"
	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/lambda"
	"orders/internal/order"
	"orders/internal/peer"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

// eventBusName is the name of the local event bus.
const eventBusName = "local-ecommerce"

// maximumRetryAttempts bounds the retries of a batch of stream records.
const maximumRetryAttempts = 10

// functions are the four Lambda functions.
type functions struct{ create, get, onEvents, tableUpdate *lambda.Function }

func (f functions) byName() map[string]*lambda.Function {
	all := map[string]*lambda.Function{}
	for _, each := range []*lambda.Function{f.create, f.get, f.onEvents, f.tableUpdate} {
		all[each.Name] = each
	}
	return all
}

func (s *Service) functions(metrics *telemetry.Metrics) functions {
	cfg := aws.Config{Region: s.settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	s.tracer.InstrumentAWS(&cfg)
	s.checkers = peer.New(
		peer.URLs{Delivery: s.settings.DeliveryURL, Payment: s.settings.PaymentURL, Products: s.settings.ProductsURL, Users: s.settings.UsersURL},
		peer.Options{Transport: s.newPeerSigner(), Log: s.log},
	)
	store := s.recorder.Store(s.faults.Store(s.storage.orders), s.tracer)
	orders := &order.Service{Store: store, Checkers: s.tracer.Checkers(metrics.Checkers(s.checkers))}
	publisher := &eventbus.Publisher{Client: eventbus.NewClient(cfg, cmp.Or(s.settings.EventBridgeEndpoint, s.URL)), Bus: eventBusName}
	letters := deadletter.NewQueue(cfg, s.queueURL(tableUpdateDeadLetters), safehttp.NewTransport())
	var traced sampler
	run := func(name string, timeout time.Duration, h interface {
		Invoke(context.Context, []byte) ([]byte, error)
	}) *lambda.Function {
		return &lambda.Function{Name: name, Handler: h, Timeout: timeout, Region: s.settings.Region,
			Sampled: traced.sampled, Observe: s.recorder.Invocation}
	}
	return functions{
		create:   run("create-order", handler.CreateOrderTimeout, &handler.CreateOrder{Orders: orders, Metrics: metrics, Log: s.log}),
		get:      run("get-order", handler.GetOrderTimeout, &handler.GetOrder{Orders: orders, Metrics: metrics, Log: s.log}),
		onEvents: run("on-events", handler.OnEventsTimeout, &handler.OnEvents{Orders: orders, Metrics: metrics, UpdateAges: metrics, Log: s.log}),
		tableUpdate: run("table-update", handler.TableUpdateTimeout, &handler.TableUpdate{
			Publisher: publisher, Image: streamimage.Parse, TraceHeader: s.tracer.TraceHeader, DeadLetters: letters, Metrics: metrics, Log: s.log,
		}),
	}
}

// async returns the functions that can be invoked asynchronously.
func (f functions) async() []*lambda.Function { return []*lambda.Function{f.create, f.get, f.onEvents} }

// openBus opens the event bus with the rules of on-events and of the fake warehouse and delivery.
func (s *Service) openBus() {
	s.fulfilment = fakepeers.NewFulfilment(func(source, detailType string, resources []string, detail json.RawMessage) error {
		_, err := s.bus.Put(eventBusName, source, detailType, resources, detail, time.Time{})
		return err
	})
	rules := onEventsRules()
	if s.settings.Fulfilment {
		rules = append(rules, fulfilmentRules()...)
	}
	s.bus = eventbridge.New(eventbridge.Options{
		Name:    eventBusName,
		Region:  s.settings.Region,
		Rules:   rules,
		Queues:  s.queues,
		Events:  s.storage.events,
		Journal: s.storage.journal,
		Logger:  s.log,
		Observe: s.observeEvent,
	})
}

// onEventsRules returns one rule for each source of fulfilment updates.
func onEventsRules() []eventbridge.Rule {
	var rules []eventbridge.Rule
	of := map[string]int{} // the index of a source's rule
	for _, update := range handler.FulfilmentEvents() {
		i, ok := of[update.Source]
		if !ok {
			i = len(rules)
			of[update.Source] = i
			rules = append(rules, eventbridge.Rule{Queue: updatesQueue, Pattern: eventbridge.Pattern{Source: []string{update.Source}}})
		}
		rules[i].Pattern.DetailType = append(rules[i].Pattern.DetailType, update.DetailType)
	}
	return rules
}

// fulfilmentRules returns the rules of the fake warehouse and delivery.
func fulfilmentRules() []eventbridge.Rule {
	return []eventbridge.Rule{
		{Queue: warehouseQueue, Pattern: eventbridge.Pattern{Source: []string{"ecommerce.orders"}, DetailType: []string{string(order.OrderCreated)}}},
		{Queue: deliveryQueue, Pattern: eventbridge.Pattern{Source: []string{"ecommerce.warehouse"}, DetailType: []string{"PackageCreated"}}},
	}
}

// invokeAsync starts an asynchronous invocation, which is retried and becomes a dead letter as an
// event does.
func (s *Service) invokeAsync(f *lambda.Function, payload []byte) {
	if err := s.queues.Send(string(payload), asyncQueue(f.Name)); err != nil {
		s.log.Error("asynchronous invocation lost", slog.String("function", f.Name), slog.String("error", err.Error()))
	}
}

// readStream invokes table-update with the records of the table's stream.
func (s *Service) readStream(tableUpdate *lambda.Function) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopStream = stop
	mapping := lambda.StreamMapping{
		Name:                 tableUpdate.Name,
		Invoke:               tableUpdate.Invoke,
		MaximumRetryAttempts: maximumRetryAttempts,
		OnFailure:            func(batch lambda.FailedBatch) error { return s.storeFailedBatch(tableUpdate, batch) },
		Logger:               s.log,
	}
	s.running.Go(func() {
		if err := s.storage.readStream(ctx, mapping); err != nil {
			s.log.Error("stream reader stopped", slog.String("error", err.Error()))
		}
	})
}

// The access key that signs requests on this machine.
const (
	accessKey = "local"
	secretKey = "local"
)

func localCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, Source: "local"}, nil
}

// A peerSigner signs requests to fake peers with the local access key, and requests to real ones
// with the account's, if there is one.
type peerSigner struct {
	fakeHost   string
	fake, real http.RoundTripper
}

func (s *Service) newPeerSigner() *peerSigner {
	next, own := s.tracer.Transport(safehttp.NewTransport()), aws.CredentialsProviderFunc(localCredentials)
	signer := &peerSigner{
		fakeHost: strings.TrimPrefix(s.URL, "http://"),
		fake:     safehttp.Sign(next, safehttp.APIGateway, own, s.settings.Region),
	}
	signer.real = signer.fake
	if keys := s.settings.Keys; keys.HasKeys() {
		account := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
		signer.real = safehttp.Sign(next, safehttp.APIGateway, account, s.settings.Region)
	}
	return signer
}

// RoundTrip implements http.RoundTripper.
func (p *peerSigner) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host == p.fakeHost {
		return p.fake.RoundTrip(request)
	}
	return p.real.RoundTrip(request)
}
