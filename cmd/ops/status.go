package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"orders/internal/buildinfo"
	"orders/internal/ops"
)

func newStatus(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show active alarms, queues, the stream and live versions",
		Long: `Status shows the active alarms, the depth and the oldest age of every queue, the iterator
age of the table's stream, and the live version of every function with its commit. What has
no source, such as alarms of a local service, is shown as "-".`,
		Example: "  ops status --environment dev --output json",
		Args:    usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			operator, err := s.open(c.Context())
			if err != nil {
				return err
			}
			status, err := operator.Status(c.Context())
			if err != nil {
				return err
			}
			return s.print(struct {
				Environment string `json:"environment"`
				Commit      string `json:"commit"` // of this program
				ops.StackStatus
			}{s.environment, buildinfo.Commit(), status}, "WHAT | NAME | STATE | SINCE | DETAIL", s.statusRows(status))
		},
	}
}

func (s *session) statusRows(status ops.StackStatus) [][]string {
	rows := [][]string{{"ops", "", buildinfo.Commit(), "", "environment " + s.environment}}
	switch {
	case status.Alarms == nil:
		rows = append(rows, []string{"alarms", "", "", "", "this stack has none"})
	case len(status.Alarms) == 0:
		rows = append(rows, []string{"alarms", "", "none active", "", ""})
	}
	for _, a := range status.Alarms {
		rows = append(rows, []string{"alarm", a.Name, "ALARM", a.Since.Format(time.RFC3339), a.Reason})
	}
	for _, q := range status.Queues {
		rows = append(rows, []string{"queue", q.Name, fmt.Sprintf("%d visible, %d in flight", q.Visible, q.InFlight), "", "oldest " + seconds(q.OldestAgeSeconds)})
	}
	rows = append(rows, []string{"stream", "iterator age", seconds(status.IteratorAgeSeconds), "", ""})
	for _, f := range status.Functions {
		rows = append(rows, []string{"function", f.Name, "version " + f.Version, f.Since, f.Commit})
	}
	return rows
}

func seconds(value *float64) string {
	if value == nil {
		return "-"
	}
	return (time.Duration(*value) * time.Second).String()
}

func itoa(n int) string { return strconv.Itoa(n) }
