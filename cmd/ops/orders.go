package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"orders/internal/ops"
)

func newOrder(s *session) *cobra.Command {
	var since time.Duration
	c := &cobra.Command{
		Use:     "order ORDER-ID",
		Short:   "Show the status, history, totals and log lines of an order",
		Long:    `Order never shows the address or the payment token of an order.`,
		Example: "  ops order --environment dev 6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21 --since 72h",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			operator, err := s.open(c.Context())
			if err != nil {
				return err
			}
			report, err := operator.Order(c.Context(), args[0], time.Now().Add(-since))
			if err != nil {
				return err
			}
			return s.print(report, "WHAT | WHEN | DETAIL", orderRows(report))
		},
	}
	c.Flags().DurationVar(&since, "since", 24*time.Hour, "how far back to look for log lines")
	return c
}

func orderRows(r ops.OrderReport) [][]string {
	rows := [][]string{
		{"order", r.CreatedDate, r.OrderID},
		{"status", r.ModifiedDate, string(r.Status)},
		{"total", "", fmt.Sprintf("%d, of which delivery %d, for %d products", r.Total, r.DeliveryPrice, r.Products)},
	}
	for _, h := range r.History {
		rows = append(rows, []string{"history", string(h.Date), string(h.Status)})
	}
	for _, l := range r.Log {
		text := l.Level + " " + l.Message
		if l.Reason != "" {
			text += " reason=" + l.Reason
		}
		if l.Error != "" {
			text += " error=" + l.Error
		}
		rows = append(rows, []string{"log", l.Time, text})
	}
	return rows
}

func newPublish(s *session) *cobra.Command {
	var as string
	c := s.changing(&cobra.Command{
		Use:   "publish ORDER-ID...",
		Short: "Publish the current state of orders",
		Long: `Publish publishes orders as they are in the table: with --as created if no event of the
order was published before, and otherwise with --as modified, which consumers take for a new
change of the total. Consumers that have seen the same event ignore it.`,
		Example: "  ops publish --environment dev --as modified 6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21",
		Args:    usage(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if as != "created" && as != "modified" {
				return fmt.Errorf("--as must be created or modified, got %q: %w", as, errUsage)
			}
			operator, err := s.open(c.Context())
			if err != nil {
				return err
			}
			if err := s.confirm(fmt.Sprintf("publish %d orders as %s", len(args), as)); err != nil {
				return err
			}
			return s.publish(c, operator, args, as)
		},
	})
	c.Flags().StringVar(&as, "as", "modified", "the event to publish: created or modified")
	return c
}

// publish publishes orders one after the other and prints the result of each.
func (s *session) publish(c *cobra.Command, operator *ops.Operator, orderIDs []string, as string) error {
	type published struct {
		OrderID string `json:"orderId"`
		Result  string `json:"result"`
	}
	results, rows, failed := []published{}, [][]string{}, 0
	for _, orderID := range orderIDs {
		if c.Context().Err() != nil {
			break
		}
		result := "would be published as " + as
		if !s.dryRun {
			result = "published as " + as
			if err := operator.Publish(c.Context(), orderID, as == "created"); err != nil {
				result, failed = err.Error(), failed+1
			}
		}
		results, rows = append(results, published{orderID, result}), append(rows, []string{orderID, result})
	}
	if err := s.print(results, "ORDER | RESULT", rows); err != nil {
		return err
	}
	if left := len(orderIDs) - len(results) + failed; left > 0 {
		return fmt.Errorf("%d orders are not published: %w", left, errLeft)
	}
	return nil
}
