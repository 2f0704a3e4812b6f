package eventbus

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"orders/internal/order"
	"orders/internal/safehttp"
)

// put sends events in one request, once, and tells for each whether the bus accepted it (nil).
func (p *Publisher) put(ctx context.Context, events []order.Event) []*failure {
	entries := make([]types.PutEventsRequestEntry, len(events))
	for i, event := range events {
		entries[i] = p.entryOf(event)
	}
	output, err := p.Client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		return slices.Repeat([]*failure{requestFailure(err, len(events))}, len(events))
	}
	failures := make([]*failure, len(events))
	for i := range failures {
		failures[i] = entryFailure(output.Entries, i)
	}
	return failures
}

// entryFailure reads the result of entry i. Only an event id is taken for acceptance: neither the status of the answer
// nor its FailedEntryCount says anything of a single entry, and an event that is thought sent is not sent again.
func entryFailure(results []types.PutEventsResultEntry, i int) *failure {
	if i >= len(results) {
		return &failure{again, errors.New("the answer leaves the entry out")}
	}
	result := results[i]
	if code := aws.ToString(result.ErrorCode); code != "" {
		return &failure{verdictOf(code, 0), errors.New(safehttp.RedactAPIError(code, aws.ToString(result.ErrorMessage)))}
	}
	if aws.ToString(result.EventId) == "" {
		return &failure{again, errors.New("the answer has no event id for the entry")}
	}
	return nil
}
