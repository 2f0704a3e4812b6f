package ops

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	receivers = 8
	workers   = 32

	// visibilityTimeout is how long a letter stays invisible if the command cannot release it.
	visibilityTimeout = 15 * time.Minute

	// finishTimeout bounds the work on letters that were received before an interrupt.
	finishTimeout = 30 * time.Second
)

// eachLetter receives every letter of the queues that the filter selects, and passes each once to
// handle, several at a time. Letters that handle does not delete, and letters that the filter does
// not select, are visible again when eachLetter returns. If ctx ends, no more letters are received,
// and handle finishes the ones that it has begun. Letters are explained if withReasons is set or
// the filter needs it.
func (o *Operator) eachLetter(ctx context.Context, f Filter, withReasons bool, handle func(context.Context, Letter) (deleted bool)) error {
	run := &reception{operator: o, filter: f, explains: withReasons || f.Reason != "" || f.Order != "", handle: handle, letters: make(chan Letter), seen: map[string]bool{}}
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for l := range run.letters {
				run.work(ctx, l)
			}
		})
	}
	var failures []error
	for queue, url := range map[string]string{UpdateDeadLetters: o.Queues.UpdateDeadLetters, RecordDeadLetters: o.Queues.RecordDeadLetters} {
		if url != "" && (f.Queue == "" || f.Queue == queue) {
			failures = append(failures, run.receiveAll(ctx, queue, url))
		}
	}
	close(run.letters)
	working.Wait()
	run.release(ctx)
	return errors.Join(append(failures, context.Cause(ctx))...)
}

// A reception is one call of eachLetter.
type reception struct {
	operator *Operator
	filter   Filter
	explains bool
	handle   func(context.Context, Letter) (deleted bool)
	letters  chan Letter

	mu       sync.Mutex
	seen     map[string]bool // IDs of messages
	selected int
	kept     []Letter // to be released
}

// receiveAll receives until a queue is empty, that is, until a long poll of each receiver returns
// nothing.
func (r *reception) receiveAll(ctx context.Context, queue, url string) error {
	failures := make([]error, receivers)
	var receiving sync.WaitGroup
	for i := range receivers {
		receiving.Go(func() { failures[i] = r.receive(ctx, queue, url) })
	}
	receiving.Wait()
	return errors.Join(failures...)
}

func (r *reception) receive(ctx context.Context, queue, url string) error {
	for ctx.Err() == nil && !r.isFull() {
		messages, err := r.poll(ctx, url)
		if err != nil {
			return fmt.Errorf("receive from %s: %w", url, err)
		}
		if len(messages) == 0 {
			return nil
		}
		for _, m := range messages {
			r.letters <- newLetter(queue, url, m)
		}
	}
	return nil
}

// poll receives up to 10 messages. It is not interrupted, because messages whose response nobody
// reads would stay invisible.
func (r *reception) poll(ctx context.Context, url string) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	output, err := r.operator.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    aws.String(url),
		MaxNumberOfMessages:         10,
		VisibilityTimeout:           int32(visibilityTimeout / time.Second),
		WaitTimeSeconds:             1,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return output.Messages, nil
}

// isFull reports whether as many letters were selected as the filter allows.
func (r *reception) isFull() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.filter.Max > 0 && r.selected >= r.filter.Max
}

// work handles a letter, unless it was received before in this run or is not selected.
func (r *reception) work(ctx context.Context, l Letter) {
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	isNew := r.isNew(l)
	if isNew && ctx.Err() == nil {
		if r.explains && l.Reason == "" {
			r.operator.explain(finishing, &l)
		}
		if r.isSelected(l) && r.handle(finishing, l) {
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, l)
}

func (r *reception) isNew(l Letter) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	isNew := !r.seen[l.ID]
	r.seen[l.ID] = true
	return isNew
}

func (r *reception) isSelected(l Letter) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.filter.matches(l) || r.filter.Max > 0 && r.selected >= r.filter.Max {
		return false
	}
	r.selected++
	return true
}

// release makes the letters that are left visible again. A letter that cannot be released becomes
// visible when its visibility timeout ends.
func (r *reception) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*finishTimeout)
	defer cancel()
	letters := make(chan Letter)
	var releasing sync.WaitGroup
	for range workers {
		releasing.Go(func() {
			for l := range letters {
				_, _ = r.operator.SQS.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
					QueueUrl: aws.String(l.url), ReceiptHandle: aws.String(l.receipt), VisibilityTimeout: 0,
				})
			}
		})
	}
	for _, l := range r.kept {
		letters <- l
	}
	close(letters)
	releasing.Wait()
}

func (o *Operator) delete(ctx context.Context, l Letter) error {
	_, err := o.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: aws.String(l.url), ReceiptHandle: aws.String(l.receipt)})
	if err != nil {
		return fmt.Errorf("delete message %s: %w", l.ID, err)
	}
	return nil
}
