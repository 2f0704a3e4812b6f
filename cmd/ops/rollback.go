package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"orders/internal/ops"
)

func newRollback(s *session) *cobra.Command {
	var to int
	c := s.changing(&cobra.Command{
		Use:   "rollback [FUNCTION...]",
		Short: "List versions, and move the aliases of functions to older ones",
		Long: `Rollback moves the alias of each function, or of those that are named, to the version before
the live one, or to another one with --to. With --dry-run it only lists the versions and the
moves. Deploy the fix afterwards: the next deployment moves the aliases forward again.`,
		Example: `  ops rollback --environment dev --dry-run
  ops rollback --environment dev create-order --to 41`,
		Args: usage(cobra.ArbitraryArgs),
		RunE: func(c *cobra.Command, functions []string) error {
			if to != 0 && len(functions) != 1 {
				return fmt.Errorf("--to needs one function: %w", errUsage)
			}
			operator, err := s.open(c.Context())
			if err != nil {
				return err
			}
			moves, err := operator.PlanRollback(c.Context(), functions, to)
			if err != nil {
				return err
			}
			if s.dryRun {
				return s.printVersions(c, operator, moves)
			}
			var plan []string
			for _, m := range moves {
				plan = append(plan, fmt.Sprintf("%s from %d to %d", m.Function, m.From, m.To))
			}
			if err := s.confirm("roll back " + strings.Join(plan, ", ")); err != nil {
				return err
			}
			return s.rollback(c, operator, moves)
		},
	})
	c.Flags().IntVar(&to, "to", 0, "the version; without it, the newest before the live one")
	return c
}

func (s *session) printVersions(c *cobra.Command, operator *ops.Operator, moves []ops.Move) error {
	type function struct {
		ops.Move
		Versions []ops.Version `json:"versions"`
	}
	functions, rows := []function{}, [][]string{}
	for _, m := range moves {
		versions, err := operator.Versions(c.Context(), m.Function)
		if err != nil {
			return err
		}
		functions = append(functions, function{m, versions})
		for _, v := range versions {
			mark := map[bool]string{true: "live"}[v.Live]
			if v.Number == m.To {
				mark = "would be live"
			}
			rows = append(rows, []string{m.Function, itoa(v.Number), v.Since, v.Commit, mark})
		}
	}
	return s.print(functions, "FUNCTION | VERSION | SINCE | COMMIT | ", rows)
}

func (s *session) rollback(c *cobra.Command, operator *ops.Operator, moves []ops.Move) error {
	done, rows := []ops.Move{}, [][]string{}
	var failure error
	for _, m := range moves {
		if failure = operator.Rollback(c.Context(), m); failure != nil {
			break
		}
		done, rows = append(done, m), append(rows, []string{m.Function, itoa(m.From), itoa(m.To)})
	}
	if err := s.print(done, "FUNCTION | FROM | TO", rows); err != nil {
		return err
	}
	if failure != nil {
		return fmt.Errorf("%d of %d functions were not rolled back: %w: %w", len(moves)-len(done), len(moves), failure, errLeft)
	}
	return nil
}
