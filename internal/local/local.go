// Package local runs the whole orders service in one process: the real handlers and adapters, with stand-ins for
// everything that AWS and the neighbours would be. All of it listens on one loopback address.
package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/dynamo/streamimage"
	"orders/internal/eventbus"
	"orders/internal/handler"
	"orders/internal/local/apigateway"
	"orders/internal/local/awsapi"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
	"orders/internal/order"
	"orders/internal/peer"
	"orders/internal/telemetry"
)

// The most that an invocation may take, as on AWS.
const (
	createTimeout = 10 * time.Second
	getTimeout    = 5 * time.Second
	eventTimeout  = 30 * time.Second
)

// maximumRetryAttempts bounds how often a batch of the stream is handed over again.
const maximumRetryAttempts = 10

// A Service is a running local service. Close ends it.
type Service struct {
	URL string // where it listens, without a slash at its end

	settings    Settings
	log         *slog.Logger
	storage     *storage
	bus         *eventbridge.Bus
	deadLetters *sqs.List
	fulfilment  *fakepeers.Fulfilment
	checkers    []order.Checker
	server      *http.Server
	inFlight    *drain
	stopStream  context.CancelFunc
	running     sync.WaitGroup // the server and the stream
}

// Start listens and returns a service that is ready for requests. Logs and metrics of the functions go to log, one
// JSON object a line. The error is that of a port that cannot be had, or of a DynamoDB Local that does not start before
// ctx ends.
func Start(ctx context.Context, settings Settings, log io.Writer) (*Service, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(settings.Port)))
	if err != nil {
		return nil, fmt.Errorf("port %d cannot be had: %w", settings.Port, err)
	}
	tokens, err := apigateway.NewTokenIssuer(nil)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	kept, err := openStorage(ctx, settings)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	lines := telemetry.NewLineWriter(log)
	s := &Service{
		URL:         "http://" + listener.Addr().String(),
		settings:    settings,
		log:         telemetry.NewLogger(lines, settings.LogLevel),
		storage:     kept,
		deadLetters: kept.deadLetters,
		inFlight:    newDrain(),
	}
	s.useStandIns()
	f := s.functions(telemetry.NewMetrics(lines, apigateway.Stage, nil))
	s.openBus(f.onEvents)
	s.server = &http.Server{Handler: s.routes(f, tokens), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	s.running.Go(func() { _ = s.server.Serve(listener) }) // ends when Close closes it
	s.follow(f.tableUpdate)
	return s, nil
}

// useStandIns points every neighbour that is not set to its stand-in.
func (s *Service) useStandIns() {
	for name, url := range map[string]*string{
		"delivery-pricing": &s.settings.DeliveryURL,
		"payment":          &s.settings.PaymentURL,
		"products":         &s.settings.ProductsURL,
		"users":            &s.settings.UsersURL,
	} {
		if *url == "" {
			*url = s.URL + standInPath + name
		}
	}
}

// functions are the four Lambda functions.
type functions struct{ create, get, onEvents, tableUpdate *lambda.Function }

func (s *Service) functions(metrics *telemetry.Metrics) functions {
	cfg := aws.Config{Region: s.settings.Region, Credentials: aws.CredentialsProviderFunc(localCredentials)}
	s.checkers = peer.New(
		peer.URLs{Delivery: s.settings.DeliveryURL, Payment: s.settings.PaymentURL, Products: s.settings.ProductsURL, Users: s.settings.UsersURL},
		peer.Options{Transport: s.newNeighbourSigner(), Log: s.log},
	)
	orders := &order.Service{Store: s.storage.orders, Checkers: s.checkers}
	publisher := &eventbus.Publisher{Client: eventbus.NewClient(cfg, s.URL), Bus: eventBusName}
	untraced := func(context.Context) string { return "" }
	run := func(name string, timeout time.Duration, h interface {
		Invoke(context.Context, []byte) ([]byte, error)
	}) *lambda.Function {
		return &lambda.Function{Name: name, Handler: h, Timeout: timeout, Region: s.settings.Region}
	}
	return functions{
		create:      run("create-order", createTimeout, &handler.CreateOrder{Orders: orders, Metrics: metrics, Log: s.log}),
		get:         run("get-order", getTimeout, &handler.GetOrder{Orders: orders, Log: s.log}),
		onEvents:    run("on-events", eventTimeout, &handler.OnEvents{Orders: orders, Metrics: metrics, Log: s.log}),
		tableUpdate: run("table-update", eventTimeout, &handler.TableUpdate{Publisher: publisher, Image: streamimage.Parse, TraceHeader: untraced, Log: s.log}),
	}
}

// openBus opens the event bus with the rules of on-events and of the stand-ins that pack and deliver.
func (s *Service) openBus(onEvents *lambda.Function) {
	s.fulfilment = fakepeers.NewFulfilment(func(source, detailType string, resources []string, detail json.RawMessage) {
		_, _ = s.bus.Put(eventBusName, source, detailType, resources, detail, time.Time{}) // the bus logs what it cannot keep
	})
	rules := onEventsRules(func(ctx context.Context, event []byte) error {
		_, err := onEvents.Invoke(ctx, event)
		return err
	})
	if s.settings.Fulfilment {
		rules = append(rules, fulfilmentRules(s.fulfilment)...)
	}
	s.bus = eventbridge.New(eventbridge.Options{
		Name:        eventBusName,
		Region:      s.settings.Region,
		Rules:       rules,
		DeadLetters: s.deadLetters,
		Events:      s.storage.events,
		Journal:     s.storage.journal,
		Logger:      s.log,
	})
}

// routes is everything that the service answers.
func (s *Service) routes(f functions, tokens *apigateway.TokenIssuer) http.Handler {
	public := http.NewServeMux()
	signatures := apigateway.Verifier{AccessKey: accessKey, SecretKey: secretKey, Region: s.settings.Region, Service: "execute-api"}
	(&apigateway.Gateway{CreateOrder: f.create, GetOrder: f.get, Tokens: tokens, Signatures: signatures}).Register(public)
	(&awsapi.Endpoints{
		Region:     s.settings.Region,
		Functions:  map[string]*lambda.Function{f.create.Name: f.create, f.get.Name: f.get, f.onEvents.Name: f.onEvents},
		Async:      s.invokeLater,
		Events:     s,
		Parameters: parameters(s.URL, s.settings.Region, f.create, s.settings),
		Started:    time.Now(),
	}).Register(public)

	all := http.NewServeMux()
	all.Handle("/", s.inFlight.track(public))
	s.registerStandIns(all, signatures)
	s.registerInspection(all, tokens)
	return apigateway.ExactPaths(all)
}

// Put is awsapi.Events'.
func (s *Service) Put(entry awsapi.Entry) (eventID string, err error) {
	return s.bus.Put(entry.Bus, entry.Source, entry.DetailType, entry.Resources, entry.Detail, entry.Time)
}

// invokeLater runs an asynchronous invocation, which fails, comes again and ends among the dead letters as an event.
func (s *Service) invokeLater(f *lambda.Function, payload []byte) {
	s.bus.Deliver(f.Name, payload, func(ctx context.Context, payload []byte) error {
		_, err := f.Invoke(ctx, payload)
		return err
	})
}

// follow feeds the table's changes to table-update.
func (s *Service) follow(tableUpdate *lambda.Function) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopStream = stop
	each := lambda.StreamMapping{
		Name:                 tableUpdate.Name,
		Invoke:               tableUpdate.Invoke,
		MaximumRetryAttempts: maximumRetryAttempts,
		DeadLetters:          s.deadLetters,
		Logger:               s.log,
	}
	s.running.Go(func() {
		if err := s.storage.follow(ctx, each); err != nil {
			s.log.Error("stream not followed", slog.String("error", err.Error()))
		}
	})
}

// closeServer gives answers that their handlers have finished the time to be sent: net/http does that only afterwards.
// It is bounded, since a connection that nobody has used yet would be waited for as well.
func (s *Service) closeServer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.server.Shutdown(ctx)
	s.inFlight.cut() // what is left is cut short
	_ = s.server.Close()
	s.inFlight.wait()
}

// Close finishes the requests that are in flight, while new ones are refused, and then ends everything else. If ctx
// ends first, what is left is cut short; the error then wraps ctx's.
func (s *Service) Close(ctx context.Context) error {
	err := s.inFlight.close(ctx)
	s.fulfilment.Close()
	s.stopStream()
	if busErr := s.bus.Close(ctx); err == nil {
		err = busErr
	}
	s.closeServer(ctx)
	s.running.Wait()
	return errors.Join(err, s.storage.close())
}
