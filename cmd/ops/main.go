// Ops is the command of the orders service's operators. `go run ./cmd/ops help` describes it.
//
// It finds the parts of a stack through the SSM parameter /ecommerce/{Environment}/orders/ops; see
// ops.Stack for its format.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// The exit codes.
const (
	exitDone        = 0
	exitError       = 1
	exitUsage       = 2
	exitLeft        = 3 // something that was selected is left as it was
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], terminal{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv,
		asks:  term.IsTerminal(int(os.Stdin.Fd())),
		shows: term.IsTerminal(int(os.Stderr.Fd())),
	}))
}

// A terminal is where a command runs.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	asks     bool // whether someone can answer
	shows    bool // whether someone watches progress
}

// run runs a command and returns its exit code.
func run(ctx context.Context, args []string, t terminal) int {
	root := newRoot(&session{terminal: t})
	root.SetArgs(args)
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errSilent) {
		fmt.Fprintln(t.err, "ops:", err)
	}
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, errLeft):
		return exitLeft
	case errors.Is(err, errUsage):
		return exitUsage
	}
	return exitError
}

var (
	errUsage  = errors.New("see --help")
	errLeft   = errors.New("not everything is done")
	errSilent = errors.New("reported already")
)
