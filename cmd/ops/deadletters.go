package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"orders/internal/ops"
)

func newDeadLetters(s *session) *cobra.Command {
	c := &cobra.Command{
		Use:   "dead-letters",
		Short: "List, redrive, publish and delete dead letters",
		Long: `There are two queues of dead letters: "updates" holds fulfilment updates that could not be
applied or delivered, and "records" holds pointers to stream records that could not be
published.`,
		Args: cobra.ArbitraryArgs,
		RunE: group,
	}
	c.AddCommand(newList(s), newRedrive(s), newPublishRecords(s), newDelete(s))
	return c
}

// filterFlags adds the flags that select dead letters.
func filterFlags(c *cobra.Command, f *ops.Filter, withQueue bool) *cobra.Command {
	flags := c.Flags()
	if withQueue {
		flags.StringVar(&f.Queue, "queue", "", "only this queue: updates or records")
	}
	flags.StringVar(&f.Order, "order", "", "only letters about this order ID")
	flags.StringVar(&f.Type, "type", "", `only letters of this type, such as PackageCreated`)
	flags.StringVar(&f.Reason, "reason", "", `only letters with this reason, such as "order not found"`)
	flags.IntVar(&f.Max, "max", 0, "at most so many letters; 0 means all")
	return c
}

func checkFilter(f ops.Filter) error {
	if f.Queue != "" && f.Queue != ops.UpdateDeadLetters && f.Queue != ops.RecordDeadLetters {
		return fmt.Errorf("--queue must be updates or records, got %q: %w", f.Queue, errUsage)
	}
	if f.Max < 0 {
		return fmt.Errorf("--max must be at least 0, got %d: %w", f.Max, errUsage)
	}
	return nil
}

func newList(s *session) *cobra.Command {
	var f ops.Filter
	return filterFlags(&cobra.Command{
		Use:   "list",
		Short: "List dead letters",
		Long: `List shows the age, type, order IDs and reason of dead letters, and leaves them visible.

SQS keeps no reason. It is EventBridge's ERROR_CODE if there is one, and otherwise what would
happen now: "would succeed", "order not found", "unreadable", "expired" (the stream no longer
has the record), "no stream" (locally with TABLE=memory), or "unavailable".`,
		Example: `  ops dead-letters list --environment dev
  ops dead-letters list --environment dev --queue updates --reason "order not found" --max 10`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkFilter(f); err != nil {
				return err
			}
			operator, err := s.open(c.Context())
			if err != nil {
				return err
			}
			letters, err := s.list(c.Context(), operator, f)
			if err != nil {
				return err
			}
			return s.printLetters(letters)
		},
	}, &f, true)
}

func (s *session) list(ctx context.Context, operator *ops.Operator, f ops.Filter) ([]ops.Letter, error) {
	total, err := operator.Count(ctx, f)
	if err != nil {
		return nil, err
	}
	report, finish := s.progress(total, "reading")
	defer finish()
	return operator.List(ctx, f, report)
}

func (s *session) printLetters(letters []ops.Letter) error {
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{l.Queue, age(l.Sent), l.Type, strings.Join(l.Orders, " "), l.Reason, l.ID})
	}
	return s.print(letters, "QUEUE | AGE | TYPE | ORDER | REASON | MESSAGE", rows)
}

func newRedrive(s *session) *cobra.Command {
	var f ops.Filter
	return filterFlags(s.changing(&cobra.Command{
		Use:   "redrive",
		Short: "Put fulfilment updates back into their queue",
		Long: `Redrive puts dead letters of the queue "updates" back into the queue of on-events: all of
them with a move task of SQS, or one by one if flags select some. Each is tried once. An update
that fails again becomes a dead letter again after its retries.`,
		Example: `  ops dead-letters redrive --environment dev
  ops dead-letters redrive --environment dev --reason "would succeed" --yes`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			f.Queue = ops.UpdateDeadLetters
			return s.handle(c.Context(), "redrive", f, (*ops.Operator).Redrive)
		},
	}), &f, false)
}

func newPublishRecords(s *session) *cobra.Command {
	var f ops.Filter
	return filterFlags(s.changing(&cobra.Command{
		Use:   "publish",
		Short: "Publish the stream records that could not be published",
		Long: `Publish publishes the stream records to which the dead letters of the queue "records" point,
with the code of this program, and deletes the letters. The stream keeps records for 24 hours;
after that, use "ops publish ORDER-ID".`,
		Example: "  ops dead-letters publish --environment dev --order 6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21",
		Args:    usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			f.Queue = ops.RecordDeadLetters
			return s.handle(c.Context(), "publish", f, (*ops.Operator).PublishRecords)
		},
	}), &f, false)
}

func newDelete(s *session) *cobra.Command {
	var f ops.Filter
	return filterFlags(s.changing(&cobra.Command{
		Use:     "delete",
		Short:   "Delete dead letters",
		Long:    `Delete deletes dead letters for good. List them first.`,
		Example: `  ops dead-letters delete --environment dev --queue updates --reason "order not found"`,
		Args:    usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.Queue == "" {
				return fmt.Errorf("give --queue: %w", errUsage)
			}
			return s.handle(c.Context(), "delete", f, (*ops.Operator).Delete)
		},
	}), &f, true)
}

// handle confirms and runs a command on dead letters, and prints what it did.
func (s *session) handle(ctx context.Context, verb string, f ops.Filter,
	run func(*ops.Operator, context.Context, ops.Filter, ops.ReportProgress) (ops.Result, error),
) error {
	if err := checkFilter(f); err != nil {
		return err
	}
	operator, err := s.open(ctx)
	if err != nil {
		return err
	}
	if s.dryRun {
		letters, err := s.list(ctx, operator, f)
		if err != nil {
			return err
		}
		return s.printLetters(letters)
	}
	total, err := operator.Count(ctx, f)
	if err != nil {
		return err
	}
	which := "all"
	if f.Selective() {
		which = "the selected ones of"
	}
	if err := s.confirm(fmt.Sprintf("%s %s %d dead letters of queue %s", verb, which, total, f.Queue)); err != nil {
		return err
	}
	report, finish := s.progress(total, verb)
	result, err := run(operator, ctx, f, report)
	finish()
	if printErr := s.printResult(verb, result); printErr != nil {
		return printErr
	}
	if err == nil && result.Left > 0 {
		return fmt.Errorf("%d dead letters are left: %w", result.Left, errLeft)
	}
	return err
}

func (s *session) printResult(verb string, result ops.Result) error {
	for _, f := range result.Failures {
		fmt.Fprintf(s.err, "left: message %s, order %s: %s\n", f.ID, strings.Join(f.Orders, " "), f.Error)
	}
	return s.print(result, "ACTION | SELECTED | DONE | LEFT", [][]string{{verb, itoa(result.Selected), itoa(result.Done), itoa(result.Left)}})
}
