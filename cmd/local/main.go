// Command local runs the whole orders service on this machine, with fakes of AWS and of the peers.
// Its settings are environment variables; see internal/local/README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"orders/internal/local"
)

// shutdownTimeout bounds how long requests in flight may take after Ctrl-C.
const shutdownTimeout = 15 * time.Second

// failedTimeout bounds the requests in flight of a service that has failed.
const failedTimeout = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Arguments are settings, NAME=value each, as in the environment. It
// writes where the service listens to stdout, and the functions' logs to stderr.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) error {
	settings, err := local.ReadCommandLine(args, environ)
	if err != nil {
		return err
	}
	service, err := local.Start(ctx, settings, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The orders service listens on %s, its orders are %s (Ctrl-C ends it).\n", service.URL, service.Storage())
	fmt.Fprintf(stdout, "Open %s/ to see and try it, or run make tour in another shell.\n", service.URL)
	select {
	case err := <-service.Failed():
		ctx, cancel := context.WithTimeout(ctx, failedTimeout)
		defer cancel()
		_ = service.Close(ctx) // what cannot finish is a consequence
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(stdout, "finishing requests in flight ...")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	return service.Close(ctx)
}
