// Package function is what the commands of the Lambda functions have in common.
package function

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"orders/internal/coldstart"
	"orders/internal/safehttp"
	"orders/internal/telemetry"
)

// A Constructor returns a handler that is connected to what the environment names. Its logs and
// metrics go to output, its requests to transport. It fails if the environment is incomplete.
type Constructor func(
	getenv func(name string) string, output io.Writer, transport http.RoundTripper,
) (lambda.Handler, error)

// Main prepares for the first event with an example, and then handles events until Lambda ends the
// process. If the environment is incomplete, it logs what is missing and exits.
func Main(name string, newHandler Constructor, example coldstart.Example) {
	transport := safehttp.NewTransport()
	ctx := telemetry.ContextWithDiscardedTrace(context.Background())
	coldstart.Prepare(ctx, transport, example, func(inProcess http.RoundTripper) (lambda.Handler, error) {
		return newHandler(os.Getenv, io.Discard, inProcess)
	})
	h, err := newHandler(os.Getenv, os.Stdout, transport)
	if err != nil {
		log := telemetry.NewLogger(os.Stdout, slog.LevelInfo)
		log.Error(name+" failed to start", slog.String("error", err.Error()))
		os.Exit(1)
	}
	lambda.StartWithOptions(h)
}
