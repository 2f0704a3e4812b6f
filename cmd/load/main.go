// Command load runs the local service under load while its peers or its table fail, and proves that
// no order was lost. See README.md beside it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"orders/internal/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run runs the load or, if that started this program again, the service.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	if slices.Equal(args, []string{load.ServeCommand}) {
		return load.Serve(context.WithoutCancel(ctx), getenv, stdin, stdout, stderr)
	}
	options, err := load.ParseOptions(args)
	if err != nil {
		return err
	}
	return load.Run(ctx, options, stdout)
}
