package ops

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"orders/internal/handler"
	"orders/internal/order"
)

// explain sets the reason of a letter: what applying the update, or publishing the stream record,
// would meet now. SQS keeps no reason of its own. It also sets the order of a stream record.
func (o *Operator) explain(ctx context.Context, l *Letter) {
	if l.Queue == RecordDeadLetters {
		o.explainRecord(ctx, l)
		return
	}
	if l.Type == "unknown" || len(l.Orders) == 0 {
		l.Reason = ReasonUnreadable
		return
	}
	onEvents := handler.OnEvents{Orders: &order.Service{Store: o.Orders}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler)}
	_, err := onEvents.Invoke(ctx, []byte(l.body))
	l.Reason = reasonOf(err)
}

func (o *Operator) explainRecord(ctx context.Context, l *Letter) {
	if l.batch == nil {
		l.Reason = ReasonUnreadable
		return
	}
	records, err := o.records(ctx, *l.batch)
	switch {
	case o.Stream == "":
		l.Reason = ReasonNoStream
	case errors.Is(err, errExpired):
		l.Reason = ReasonExpired
	case err != nil:
		l.Reason = string(order.Unavailable)
	default:
		l.Reason = ReasonNone
		for _, r := range records {
			if !slices.Contains(l.Orders, r.orderID) {
				l.Orders = append(l.Orders, validIDs([]string{r.orderID})...)
			}
			if _, err := o.tableUpdate(discard{}).Invoke(ctx, r.event); err != nil {
				l.Reason = ReasonUnreadable
			}
		}
	}
}

func reasonOf(err error) string {
	known, isKnown := errors.AsType[*order.Error](err)
	switch {
	case err == nil:
		return ReasonNone
	case !isKnown:
		return ReasonUnreadable
	case known.Kind == order.NotFound:
		return ReasonNotFound
	}
	return strings.ReplaceAll(string(known.Kind), "_", " ")
}

type noMetrics struct{}

func (noMetrics) Count(context.Context, string, map[string]int64) {}

// A discard accepts every event and publishes none.
type discard struct{}

func (discard) Publish(_ context.Context, events []order.Event) []error {
	return make([]error, len(events))
}

// withoutWrites returns a configuration whose clients of DynamoDB read, but do not update: an
// update succeeds without being sent, so that one can try what applying it would meet.
func withoutWrites(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("WithoutWrites", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			if _, isUpdate := in.Parameters.(*dynamodb.UpdateItemInput); isUpdate {
				return middleware.InitializeOutput{Result: &dynamodb.UpdateItemOutput{}}, middleware.Metadata{}, nil
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	return cfg
}
