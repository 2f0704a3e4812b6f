// Package dynamodb runs AWS's own DynamoDB Local, creates the orders table in it, and reads the
// table's stream, for tests and local runs.
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
	"time"

	"orders/internal/local/durable"
)

// ServerOptions configure a Server. The zero value keeps the data in memory, on a free port.
type ServerOptions struct {
	Dir  string    // the folder that keeps the data, created if it does not exist; empty: in memory
	Port int       // the port to listen on; 0: a free one
	Log  io.Writer // receives the server's output; may be nil

	// Progress is called with what happens before the server answers; may be nil.
	Progress func(step string)
}

// A Server is a running DynamoDB Local. It ends when Close is called, or when this process ends in
// whatever way. It is safe for concurrent use.
//
// DynamoDB Local has no option for the address that it listens on: it is reachable on all IPv4
// addresses of the machine, without a password. Websites cannot call it, because it allows no
// foreign origin.
type Server struct {
	port  int
	close func() error
	ended <-chan struct{}
}

// Endpoint returns the URL for clients. They need any credentials and any region.
func (s *Server) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Close ends the server and returns after it has ended. If it has a data folder, everything that it
// acknowledged is stored. Later calls do nothing.
func (s *Server) Close() error { return s.close() }

// Ended returns a channel that is closed when the server has ended, whether Close was called or
// not.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// portAttempts: another process may take a free port before the server does.
const portAttempts = 5

// StartServer installs DynamoDB Local if necessary, starts it and returns when it answers. It fails
// as [Available] does, if another server keeps using the data folder or the port, if ctx ends, or
// after a minute.
func StartServer(ctx context.Context, o ServerOptions) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	progress := o.Progress
	if progress == nil {
		progress = func(string) {}
	}
	if !isInstalled() {
		progress("installing DynamoDB Local, once for this machine")
	}
	if err := Install(ctx); err != nil {
		return nil, err
	}
	progress("starting DynamoDB Local")
	folder, err := installation()
	if err != nil {
		return nil, err
	}
	flags, lock, err := storageFlags(ctx, o.Dir)
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
	return &Server{port: port, close: sync.OnceValue(running.stop), ended: running.ended}, nil
}

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

// storageFlags returns the flags for where the data is kept, and the lock on that folder.
func storageFlags(ctx context.Context, folder string) (flags []string, lock *os.File, err error) {
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

const (
	lockFile    = "dynamodb-local.lock"
	lockTimeout = 5 * time.Second // a server whose owner was just killed is about to end
)

// lockFolder creates a data folder, and locks it for one server. The server inherits the lock, so
// that a next one cannot start before the last one has ended.
func lockFolder(ctx context.Context, folder string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := durable.LockFile(ctx, filepath.Join(folder, lockFile))
	if err != nil {
		return nil, fmt.Errorf("lock folder %s for DynamoDB Local: %w", folder, err)
	}
	return lock, nil
}

// sleep waits, and returns ctx's error if it ends first.
func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
