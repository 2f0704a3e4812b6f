package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"orders/internal/buildinfo"
	"orders/internal/ops"
)

// A session is one run of the command: its terminal and its flags.
type session struct {
	terminal
	environment string
	output      string
	dryRun      bool
	yes         bool
}

func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:   "ops",
		Short: "Operate the orders service",
		Long: `Ops shows the state of a stack of the orders service, handles its dead letters, publishes
orders again and rolls back.

It uses the AWS account and region of the shell. With AWS_ENDPOINT_URL it reaches a
local service.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 something is left, 130 interrupted.`,
		Example: `  ops status --environment dev
  ENVIRONMENT=dev ops dead-letters list --queue updates
  AWS_ENDPOINT_URL=http://127.0.0.1:8080 ops status --environment local`,
		Version:       buildinfo.Commit(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          group,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	flags := root.PersistentFlags()
	flags.StringVarP(&s.environment, "environment", "e", s.getenv("ENVIRONMENT"), "environment of the stack; ENVIRONMENT if not given")
	flags.StringVarP(&s.output, "output", "o", "table", "output format: table or json")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", err, errUsage) })
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if s.output != "table" && s.output != "json" {
			return fmt.Errorf("--output must be table or json, got %q: %w", s.output, errUsage)
		}
		return nil
	}
	root.AddCommand(newStatus(s), newDeadLetters(s), newPublish(s), newOrder(s), newRollback(s))
	return root
}

// changing adds the flags of a command that changes something.
func (s *session) changing(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&s.dryRun, "dry-run", false, "show what would be done, and change nothing")
	c.Flags().BoolVarP(&s.yes, "yes", "y", false, "do not ask for confirmation")
	return c
}

// group runs a command that only has subcommands.
func group(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q of %s: %w", args[0], c.CommandPath(), errUsage)
	}
	return c.Help()
}

// usage makes the errors of an argument check errors of usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w", err, errUsage)
		}
		return nil
	}
}

// open finds the stack.
func (s *session) open(ctx context.Context) (*ops.Operator, error) {
	if s.environment == "" {
		return nil, fmt.Errorf("give --environment or set ENVIRONMENT: %w", errUsage)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configure AWS: %w", err)
	}
	if endpoint := s.getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		cfg.BaseEndpoint = aws.String(endpoint)
	}
	stack, err := ops.ReadStack(ctx, ssm.NewFromConfig(cfg), s.environment)
	if err != nil {
		return nil, err
	}
	return &ops.Operator{Stack: stack, Clients: ops.NewClients(cfg, stack)}, nil
}

// confirm asks whether to go on, unless --yes is given or nothing will change.
func (s *session) confirm(question string) error {
	if s.yes || s.dryRun {
		return nil
	}
	if !s.asks {
		return fmt.Errorf("%s: give --yes to confirm: %w", question, errUsage)
	}
	fmt.Fprintf(s.err, "%s in %s? [y/N] ", question, s.environment)
	answer, _ := bufio.NewReader(s.in).ReadString('\n') // no answer is a no
	if answer := strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("canceled, nothing was changed")
	}
	return nil
}

// progress shows how many of so many are done, on a terminal.
func (s *session) progress(total int, description string) (report ops.ReportProgress, finish func()) {
	if !s.shows {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(s.err), progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())
	return func(done int) { _ = bar.Set(min(done, total)) }, func() { _ = bar.Finish() }
}

// print prints a value as JSON, or as the rows of a table.
func (s *session) print(value any, header string, rows [][]string) error {
	if s.output == "json" {
		encoder := json.NewEncoder(s.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ReplaceAll(header, " | ", "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = cmp.Or(row[i], "-")
		}
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// age formats how long ago a time was.
func age(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return time.Since(since).Round(time.Second).String()
}
