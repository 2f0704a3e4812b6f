package local

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"orders/internal/handler"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// The queues that are not the template's: those of the fake peers, and the dead-letter queue of
// everything but fulfilment updates and stream records.
const (
	warehouseQueue   = "local-warehouse"
	deliveryQueue    = "local-delivery"
	otherDeadLetters = "local-other-dead-letters"
)

// asyncQueue returns the name of the queue in which Lambda keeps a function's asynchronous
// invocations.
func asyncQueue(function string) string { return "local-" + function + "-async" }

// The retry schedule is short, so that a message that keeps failing is a dead letter within 10 s.
// On AWS it takes hours.
const maxReceives = 3

func retryDelay(receives int) time.Duration { return time.Duration(receives) * time.Second }

const (
	stepTime         = time.Second // that the fake warehouse or delivery needs for an order
	queueConcurrency = 16          // batches of one queue at a time
)

// openQueues opens the queues, with the messages of earlier runs.
func (s *Service) openQueues(f functions) (*sqs.Service, error) {
	queues := []sqs.Config{
		{Name: updatesDeadLetters},
		{Name: tableUpdateDeadLetters},
		{Name: otherDeadLetters},
		{Name: updatesQueue, VisibilityTimeout: 6 * handler.OnEventsTimeout, DeadLetterQueue: updatesDeadLetters, MaxReceiveCount: maxReceives},
		{Name: warehouseQueue, Delay: stepTime, DeadLetterQueue: otherDeadLetters, MaxReceiveCount: maxReceives},
		{Name: deliveryQueue, Delay: stepTime, DeadLetterQueue: otherDeadLetters, MaxReceiveCount: maxReceives},
	}
	for _, function := range f.async() {
		queues = append(queues, sqs.Config{Name: asyncQueue(function.Name), VisibilityTimeout: time.Minute, DeadLetterQueue: otherDeadLetters, MaxReceiveCount: maxReceives})
	}
	opened, err := sqs.Open(sqs.Options{
		Region: s.settings.Region, Account: lambda.Account, URL: s.URL, Queues: queues, Path: s.storage.queuesPath, Logger: s.log,
	})
	if err != nil && s.storage.queuesPath != "" {
		err = inData(s.settings.DataFolder, err)
	}
	return opened, err
}

// queueURL returns the URL of a queue.
func (s *Service) queueURL(queue string) string { return s.URL + "/" + lambda.Account + "/" + queue }

// consume passes the messages of the queues to the functions and the fake peers, until
// stopConsumers is called.
func (s *Service) consume(f functions) {
	s.receiving, s.stopReceiving = context.WithCancel(context.Background())
	s.working, s.stopWorking = context.WithCancel(context.Background())
	updates := lambda.QueueMapping{
		Queue: s.queues.Queue(updatesQueue), Function: f.onEvents.Name, Region: s.settings.Region, Invoke: f.onEvents.Invoke,
		Timeout: f.onEvents.Timeout, Concurrency: queueConcurrency, RetryDelay: retryDelay, Logger: s.log,
	}
	s.consumers.Go(func() { updates.Run(s.receiving, s.working) })
	for _, function := range f.async() {
		s.consumeEach(asyncQueue(function.Name), invoke(function))
	}
	if s.settings.Fulfilment {
		s.consumeEach(warehouseQueue, func(_ context.Context, event []byte) error { return s.fulfilment.Warehouse(event) })
		s.consumeEach(deliveryQueue, func(_ context.Context, event []byte) error { return s.fulfilment.Delivery(event) })
	}
}

func invoke(f *lambda.Function) func(ctx context.Context, payload []byte) error {
	return func(ctx context.Context, payload []byte) error {
		_, err := f.Invoke(ctx, payload)
		return err
	}
}

// consumeEach passes the messages of a queue to handle, one by one.
func (s *Service) consumeEach(queue string, handle func(ctx context.Context, body []byte) error) {
	consumer := sqs.Consumer{Queue: s.queues.Queue(queue), Concurrency: queueConcurrency, RetryDelay: retryDelay,
		Handle: func(ctx context.Context, batch []sqs.Message) map[string]error {
			failed := make(map[string]error)
			for _, m := range batch {
				if err := handle(ctx, []byte(m.Body)); err != nil {
					failed[m.ID] = err
				}
			}
			return failed
		}}
	s.consumers.Go(func() { consumer.Run(s.receiving, s.working) })
}

// stopConsumers stops receiving messages and waits for those in progress. If ctx ends first, they
// are canceled, and their messages stay in their queues; the error then wraps ctx's.
func (s *Service) stopConsumers(ctx context.Context) error {
	s.stopReceiving()
	defer s.stopWorking()
	finished := context.AfterFunc(ctx, s.stopWorking)
	s.consumers.Wait()
	if !finished() {
		return fmt.Errorf("cancel messages in progress: %w", context.Cause(ctx))
	}
	return nil
}

// storeFailedBatch puts a pointer to stream records that were not published into table-update's
// dead-letter queue.
func (s *Service) storeFailedBatch(function *lambda.Function, batch lambda.FailedBatch) error {
	body, err := json.Marshal(batch.Record(function.ARN()))
	if err != nil {
		return err
	}
	return s.queues.SendMessage(sqs.Message{Body: string(body), LastError: batch.Err.Error()}, tableUpdateDeadLetters)
}
