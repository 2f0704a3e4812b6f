package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStartFailures(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	_, taken, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)

	const badURL = " must be an http or https URL without user, query or fragment"
	for name, test := range map[string]struct {
		args, settings []string
		message        string
	}{
		"bad flag":       {args: []string{"-verbose"}, message: `unknown setting "-verbose"; settings are `},
		"argument":       {args: []string{"start"}, message: `unknown setting "start"; settings are `},
		"unknown":        {args: []string{"TABEL=dynamodb"}, message: "unknown setting TABEL; did you mean TABLE?"},
		"region":         {args: []string{"AWS_REGION=foo bar"}, message: `AWS_REGION: must be a region such as eu-west-1, got "foo bar"`},
		"port in use":    {settings: []string{"PORT=" + taken}, message: "cannot listen on port " + taken + ": "},
		"port x":         {settings: []string{"PORT=x"}, message: `PORT: must be a port from 0 to 65535, got "x"`},
		"port too large": {settings: []string{"PORT=65536"}, message: `PORT: must be a port from 0 to 65535, got "65536"`},
		"no URL":         {settings: []string{"PRODUCTS_API_URL=products"}, message: "PRODUCTS_API_URL" + badURL},
		"no host":        {settings: []string{"USERS_API_URL=http:///stage"}, message: "USERS_API_URL" + badURL},
		"no HTTP":        {settings: []string{"PAYMENT_API_URL=ftp://payment"}, message: "PAYMENT_API_URL" + badURL},
		"fulfilment":     {settings: []string{"FULFILMENT=maybe"}, message: `FULFILMENT: must be on or off, got "maybe"`},
		"log level":      {settings: []string{"LOG_LEVEL=LOUD"}, message: "LOG_LEVEL: "},
		"several": {settings: []string{"PORT=x", "DELIVERY_API_URL=x"},
			message: `PORT: must be a port from 0 to 65535, got "x"; DELIVERY_API_URL` + badURL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := program(t, test.settings...)
			command.Args = append(command.Args, test.args...)
			var stdout, stderr bytes.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr

			failed, ok := errors.AsType[*exec.ExitError](command.Run())

			require.True(t, ok)
			require.Equal(t, 1, failed.ExitCode())
			require.Empty(t, stdout.String())
			require.True(t, strings.HasPrefix(stderr.String(), "local: "+test.message), "%s", stderr.String())
			require.Equal(t, len(stderr.String())-1, strings.Index(stderr.String(), "\n"), "one line: %s", stderr.String())
		})
	}
}

func TestShutdownWaitsForRequests(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ada := s.newUser(t)
			proceed := make(chan struct{})
			response := ada.hold(t, s.newRequest(t).encode(t), proceed)

			require.NoError(t, s.command.Process.Signal(signal))
			waitFor(t, "the shutdown", func() bool { return strings.Contains(s.stdout.String(), "finishing requests in flight") })
			close(proceed)

			created := <-response
			require.NoError(t, created.err)
			require.NotEmpty(t, created.reply.order(t, http.StatusCreated).OrderID)
			require.NoError(t, s.wait())
		})
	}
}

func TestSecondCtrlC(t *testing.T) {
	t.Parallel()
	s := start(t)
	never := make(chan struct{})
	defer close(never)
	s.newUser(t).hold(t, s.newRequest(t).encode(t), never) // fails with the process

	require.NoError(t, s.command.Process.Signal(os.Interrupt))
	waitFor(t, "the shutdown", func() bool { return strings.Contains(s.stdout.String(), "finishing requests in flight") })
	waitFor(t, "the end", func() bool { // the first signal may still be handled
		_ = s.command.Process.Signal(os.Interrupt)
		return s.hasEnded()
	})

	failed, ok := errors.AsType[*exec.ExitError](s.wait())
	require.True(t, ok, "it waited for the request")
	require.Equal(t, syscall.SIGINT, failed.Sys().(syscall.WaitStatus).Signal())
}
