package load

import (
	"context"
	"fmt"
	"io"
	"time"

	"orders/internal/local"
)

// ServeCommand is the one argument with which a program that calls [Run] is started again, to be the service under
// load: it must then call [Serve].
const ServeCommand = "serve"

// closeTime is how long the service may take to finish what is in flight.
const closeTime = 15 * time.Second

// Serve runs a local service with the settings of cmd/local, writes its address as one line to stdout, and ends when
// stdin does: with whoever started it, however that ended.
func Serve(ctx context.Context, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) error {
	settings, err := local.ReadSettings(getenv)
	if err != nil {
		return err
	}
	service, err := local.Start(ctx, settings, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, service.URL)
	_, _ = io.Copy(io.Discard, stdin) // an error is an end as well
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return service.Close(ctx)
}
