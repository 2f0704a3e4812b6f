// Package local runs the whole orders service in one process: the real handlers and adapters, with
// fakes of AWS and of the peers. All of it listens on one loopback address.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"orders/internal/local/apigateway"
	"orders/internal/local/console"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/sqs"
	"orders/internal/local/xray"
	"orders/internal/order"
	"orders/internal/telemetry"
)

// A Service is a running local service. The caller must call Close.
type Service struct {
	URL string // the service's address, without a slash at the end

	settings   Settings
	log        *slog.Logger
	logs       *recentLogs
	recorder   *console.Recorder
	terminal   *terminal // nil if logs are JSON
	traces     *xray.Daemon
	tracer     telemetry.Tracer
	faults     console.Faults
	payment    fakepeers.Payment
	storage    *storage
	bus        *eventbridge.Bus
	queues     *sqs.Service
	fulfilment *fakepeers.Fulfilment
	checkers   []order.Checker
	server     *http.Server
	inFlight   *drain
	stopStream context.CancelFunc
	running    sync.WaitGroup // the server and the stream
	failed     chan error     // has a buffer of one

	consumers     sync.WaitGroup // of the queues
	receiving     context.Context
	stopReceiving context.CancelFunc
	working       context.Context // of messages in progress
	stopWorking   context.CancelFunc
}

// Start returns a service that is ready for requests. Logs and metrics of the functions are written
// to log, one JSON object per line. It returns an error if it cannot listen on the port, or if
// DynamoDB Local does not start before ctx ends.
func Start(ctx context.Context, settings Settings, log io.Writer) (s *Service, err error) {
	var closers []func() error // of what was opened so far
	defer func() {
		if err != nil {
			for _, c := range slices.Backward(closers) {
				err = errors.Join(err, c())
			}
		}
	}()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(settings.Port)))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d: %w", settings.Port, err)
	}
	closers = append(closers, listener.Close)
	short := newTerminal(settings, log)
	if short != nil {
		log = short
	}
	opened, err := openStorage(ctx, settings, telemetry.NewLogger(telemetry.NewLineWriter(log), settings.LogLevel))
	if err != nil {
		return nil, err
	}
	closers = append(closers, opened.close)
	tokens, err := openTokens(settings)
	if err != nil {
		return nil, err
	}
	logs := newRecentLogs(log)
	recorder := console.NewRecorder(logs, settings.LogLevel)
	traces, err := xray.Listen(recorder.Segment)
	if err != nil {
		return nil, err
	}
	closers = append(closers, traces.Close)
	tracer, err := telemetry.NewTracer(func(name string) string {
		return map[string]string{"AWS_XRAY_DAEMON_ADDRESS": traces.Address()}[name]
	})
	if err != nil {
		return nil, err
	}
	lines := telemetry.NewLineWriter(recorder)
	s = &Service{
		URL:      "http://" + listener.Addr().String(),
		settings: settings,
		log:      telemetry.NewLogger(lines, slog.LevelDebug), // the recorder drops what LogLevel leaves out
		recorder: recorder,
		terminal: short,
		traces:   traces,
		tracer:   tracer,
		logs:     logs,
		storage:  opened,
		inFlight: newDrain(),
		failed:   make(chan error, 1),
	}
	for _, warning := range settings.Warnings {
		s.log.Warn(warning)
	}
	s.useFakePeers()
	f := s.functions(telemetry.NewMetrics(lines, apigateway.Stage, nil))
	if s.queues, err = s.openQueues(f); err != nil {
		return nil, err
	}
	closers = append(closers, s.queues.Close)
	s.openBus()
	pages, err := s.console(tokens)
	if err != nil {
		return nil, err
	}
	s.server = &http.Server{
		Handler:           localhostOnly(limitBodyTime(bodyTimeout, s.routes(f, tokens, pages))),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.running.Go(func() { _ = s.server.Serve(listener) }) // returns when Close closes the server
	s.consume(f)
	s.running.Go(s.watchStorage)
	s.readStream(f.tableUpdate)
	return s, nil
}

// Failed returns a channel that receives an error if the service cannot go on. The caller must
// still call Close.
func (s *Service) Failed() <-chan error { return s.failed }

// watchStorage notices the end of a DynamoDB Local that Close has not ended.
func (s *Service) watchStorage() {
	select {
	case <-s.storage.ended:
		s.log.Error("DynamoDB Local ended")
		s.failed <- errors.New("DynamoDB Local ended; start the service again")
	case <-s.receiving.Done():
	}
}

// openTokens returns an issuer whose tokens are valid as long as orders are kept.
func openTokens(settings Settings) (*apigateway.TokenIssuer, error) {
	if settings.DynamoDB {
		return apigateway.OpenTokenIssuer(filepath.Join(settings.DataFolder, "token-key.der"), nil)
	}
	return apigateway.NewTokenIssuer(nil)
}

// Storage says where the orders are, for people.
func (s *Service) Storage() string { return s.storage.name }

// Close rejects new requests, waits for the requests in flight and then ends everything else. If
// ctx ends first, what is left is canceled; the error then wraps ctx's.
func (s *Service) Close(ctx context.Context) error {
	s.queues.EndWaits()
	err := s.inFlight.close(ctx)
	s.stopStream()
	if stopErr := s.stopConsumers(ctx); err == nil {
		err = stopErr
	}
	s.closeServer(ctx)
	s.running.Wait()
	return errors.Join(err, s.traces.Close(), s.queues.Close(), s.storage.close())
}

// closeServer waits until finished responses have been sent, which net/http does only after their
// handlers have returned. The wait is bounded, because it includes connections that were never
// used.
func (s *Service) closeServer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.server.Shutdown(ctx)
	s.inFlight.cancel()
	_ = s.server.Close()
	s.inFlight.wait()
}
