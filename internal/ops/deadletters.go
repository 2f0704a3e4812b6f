package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// List returns the dead letters that the filter selects, oldest first. They stay in their queues
// and are visible afterwards.
func (o *Operator) List(ctx context.Context, f Filter, progress ReportProgress) ([]Letter, error) {
	letters := []Letter{}
	var mu sync.Mutex
	err := o.eachLetter(ctx, f, true, func(_ context.Context, l Letter) bool {
		mu.Lock()
		defer mu.Unlock()
		letters = append(letters, l)
		progress.report(len(letters))
		return false
	})
	slices.SortFunc(letters, func(a, b Letter) int { return cmp.Or(a.Sent.Compare(b.Sent), cmp.Compare(a.ID, b.ID)) })
	return letters, err
}

// A ReportProgress is called with the number of letters that were handled so far; nil is fine.
type ReportProgress func(done int)

func (p ReportProgress) report(done int) {
	if p != nil {
		p(done)
	}
}

// A Result is the result of a command on dead letters.
type Result struct {
	Selected int       `json:"selected"` // letters that the filter selected
	Done     int       `json:"done"`     // letters that are no longer in their queue
	Left     int       `json:"left"`     // letters that are, although they were selected
	Failures []Failure `json:"failures"` // why, for each letter that was tried
}

// A Failure says why a letter is left.
type Failure struct {
	ID     string   `json:"id"`
	Error  string   `json:"error"`
	Orders []string `json:"orders"`
}

// Redrive puts fulfilment updates back into their queue: all of them by SQS's own move task, and
// letters that a filter selects one by one. Each letter is moved at most once. After an error or an
// interrupt, every letter is in exactly one of the queues, unless deleting it failed after it was
// sent, which applies it twice and is harmless.
func (o *Operator) Redrive(ctx context.Context, f Filter, progress ReportProgress) (Result, error) {
	f.Queue = UpdateDeadLetters
	if !f.Selective() {
		result, err := o.moveAll(ctx, progress)
		if _, unsupported := errors.AsType[*types.UnsupportedOperation](err); !unsupported {
			return result, err
		}
	}
	return o.handleEach(ctx, f, progress, func(ctx context.Context, l Letter) error {
		_, err := o.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(o.Queues.Updates), MessageBody: aws.String(l.body)})
		if err != nil {
			return fmt.Errorf("send to %s: %w", o.Queues.Updates, err)
		}
		return o.delete(ctx, l)
	})
}

// PublishRecords publishes the stream records to which dead letters point, with the code of this
// program. A record that the stream no longer has is left; publish its order instead.
func (o *Operator) PublishRecords(ctx context.Context, f Filter, progress ReportProgress) (Result, error) {
	f.Queue = RecordDeadLetters
	return o.handleEach(ctx, f, progress, func(ctx context.Context, l Letter) error {
		switch {
		case l.batch == nil:
			return errors.New("the message is not a pointer to stream records")
		case o.Stream == "":
			return errors.New("the table has no stream")
		}
		records, err := o.records(ctx, *l.batch)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := o.publishEvent(ctx, r.event); err != nil {
				return err
			}
		}
		return o.delete(ctx, l)
	})
}

// Delete deletes dead letters.
func (o *Operator) Delete(ctx context.Context, f Filter, progress ReportProgress) (Result, error) {
	return o.handleEach(ctx, f, progress, o.delete)
}

// handleEach calls handle once for each selected letter, which is deleted if that succeeds.
func (o *Operator) handleEach(ctx context.Context, f Filter, progress ReportProgress, handle func(context.Context, Letter) error) (Result, error) {
	result := Result{Failures: []Failure{}}
	var mu sync.Mutex
	err := o.eachLetter(ctx, f, false, func(ctx context.Context, l Letter) bool {
		err := handle(ctx, l)
		mu.Lock()
		defer mu.Unlock()
		result.Selected++
		if err != nil {
			result.Failures = append(result.Failures, Failure{l.ID, err.Error(), l.Orders})
		} else {
			result.Done++
		}
		progress.report(result.Selected)
		return err == nil
	})
	result.Left = result.Selected - result.Done
	return result, err
}

// moveAll moves all fulfilment updates with a move task of SQS, and cancels the task if ctx ends.
func (o *Operator) moveAll(ctx context.Context, progress ReportProgress) (Result, error) {
	source, err := o.queueARN(ctx, o.Queues.UpdateDeadLetters)
	if err != nil {
		return Result{}, err
	}
	destination, err := o.queueARN(ctx, o.Queues.Updates) // letters from EventBridge have no source queue
	if err != nil {
		return Result{}, err
	}
	task, err := o.SQS.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{
		SourceArn: aws.String(source), DestinationArn: aws.String(destination),
	})
	if err != nil {
		return Result{}, fmt.Errorf("start to move messages of %s: %w", source, err)
	}
	for {
		state, err := o.moveTask(ctx, source)
		if ctx.Err() != nil {
			return o.cancelMove(ctx, source, task.TaskHandle)
		}
		if err != nil {
			return Result{}, err
		}
		result := resultOf(state)
		progress.report(result.Done)
		switch aws.ToString(state.Status) {
		case "COMPLETED":
			return result, nil
		case "FAILED", "CANCELLED":
			return result, fmt.Errorf("move messages of %s: %s %s", source, aws.ToString(state.Status), aws.ToString(state.FailureReason))
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// cancelMove cancels a move task and returns what it had moved.
func (o *Operator) cancelMove(ctx context.Context, source string, task *string) (Result, error) {
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	_, cancelErr := o.SQS.CancelMessageMoveTask(finishing, &sqs.CancelMessageMoveTaskInput{TaskHandle: task})
	state, err := o.moveTask(finishing, source)
	return resultOf(state), errors.Join(context.Cause(ctx), cancelErr, err)
}

// moveTask returns the state of the latest move task of a queue.
func (o *Operator) moveTask(ctx context.Context, source string) (types.ListMessageMoveTasksResultEntry, error) {
	output, err := o.SQS.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: aws.String(source), MaxResults: aws.Int32(1)})
	if err != nil {
		return types.ListMessageMoveTasksResultEntry{}, fmt.Errorf("list move tasks of %s: %w", source, err)
	}
	if len(output.Results) == 0 {
		return types.ListMessageMoveTasksResultEntry{}, fmt.Errorf("list move tasks of %s: the task is gone", source)
	}
	return output.Results[0], nil
}

func resultOf(task types.ListMessageMoveTasksResultEntry) Result {
	moved := int(task.ApproximateNumberOfMessagesMoved)
	selected := max(moved, int(aws.ToInt64(task.ApproximateNumberOfMessagesToMove)))
	return Result{Selected: selected, Done: moved, Left: selected - moved, Failures: []Failure{}}
}

// Count returns the approximate number of letters in the queues of a filter, selected or not.
func (o *Operator) Count(ctx context.Context, f Filter) (n int, err error) {
	for queue, url := range map[string]string{UpdateDeadLetters: o.Queues.UpdateDeadLetters, RecordDeadLetters: o.Queues.RecordDeadLetters} {
		if url == "" || f.Queue != "" && f.Queue != queue {
			continue
		}
		attributes, err := o.queueAttributes(ctx, url)
		if err != nil {
			return 0, err
		}
		n += attributes.count(types.QueueAttributeNameApproximateNumberOfMessages)
	}
	return n, nil
}

func (o *Operator) queueARN(ctx context.Context, url string) (string, error) {
	attributes, err := o.queueAttributes(ctx, url)
	return attributes[string(types.QueueAttributeNameQueueArn)], err
}

type queueAttributes map[string]string

func (a queueAttributes) count(name types.QueueAttributeName) int {
	n, _ := strconv.Atoi(a[string(name)]) // SQS sends numbers
	return n
}

// localAge returns the age of the oldest message in seconds, which a local queue has as an
// attribute; on AWS it is a metric.
func (a queueAttributes) localAge() *float64 {
	age, err := strconv.ParseFloat(a["ApproximateAgeOfOldestMessage"], 64)
	if err != nil {
		return nil
	}
	return &age
}

func (o *Operator) queueAttributes(ctx context.Context, url string) (queueAttributes, error) {
	output, err := o.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(url), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("get attributes of %s: %w", url, err)
	}
	return output.Attributes, nil
}
