package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatKeepsTheProgramFromStarting(t *testing.T) {
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
		"bad flag":       {args: []string{"-verbose"}, message: "flag provided but not defined: -verbose; settings are environment variables"},
		"argument":       {args: []string{"start"}, message: "takes no arguments; settings are environment variables"},
		"port in use":    {settings: []string{"PORT=" + taken}, message: "port " + taken + " cannot be had: "},
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

func TestRequestsInFlightAreFinished(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, goOn := make(chan struct{}), make(chan struct{})
			tell := sync.OnceFunc(func() { close(asked) }) // a late answer is asked for twice
			peer := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				tell()
				select {
				case <-goOn:
					_, _ = io.WriteString(w, `{"ok": true}`)
				case <-r.Context().Done():
				}
			})
			s := start(t, "PAYMENT_API_URL="+peer)
			ada := s.newUser(t)
			body := s.newRequest(t).encode(t)
			type outcome struct {
				reply reply
				err   error
			}
			answered := make(chan outcome, 1)
			go func() {
				r, err := ada.call(context.WithoutCancel(t.Context()), http.MethodPost, "/orders", ada.authorization, body)
				answered <- outcome{r, err}
			}()
			<-asked

			require.NoError(t, s.command.Process.Signal(signal))
			waitFor(t, "the shutdown", func() bool { return strings.Contains(s.stdout.String(), "finishing requests in flight") })
			close(goOn)

			created := <-answered
			require.NoError(t, created.err)
			require.NotEmpty(t, created.reply.order(t, http.StatusCreated).OrderID)
			require.NoError(t, s.wait())
		})
	}
}

func TestASecondCtrlCEndsTheProgramAtOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	tell := sync.OnceFunc(func() { close(asked) }) // a late answer is asked for twice
	s := start(t, "PAYMENT_API_URL="+serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tell()
		<-r.Context().Done()
	}))
	ada := s.newUser(t)
	body := s.newRequest(t).encode(t)
	go func() { // its connection breaks
		_, _ = ada.call(context.WithoutCancel(t.Context()), http.MethodPost, "/orders", ada.authorization, body)
	}()
	<-asked

	require.NoError(t, s.command.Process.Signal(os.Interrupt))
	waitFor(t, "the shutdown", func() bool { return strings.Contains(s.stdout.String(), "finishing requests in flight") })
	waitFor(t, "the end", func() bool { // the first signal may take a moment to let go of the second
		_ = s.command.Process.Signal(os.Interrupt)
		return s.over()
	})

	failed, ok := errors.AsType[*exec.ExitError](s.wait())
	require.True(t, ok, "it waited for the request")
	require.Equal(t, syscall.SIGINT, failed.Sys().(syscall.WaitStatus).Signal())
}
