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
	"syscall"
	"time"
)

// ServerOptions configure a Server. The zero value keeps the data in memory, on a free port.
type ServerOptions struct {
	Dir  string    // the folder that keeps the data, created if it does not exist; empty: in memory
	Port int       // the port to listen on; 0: a free one
	Log  io.Writer // receives the server's output; may be nil
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
}

// Endpoint returns the URL for clients. They need any credentials and any region.
func (s *Server) Endpoint() string { return fmt.Sprintf("http://127.0.0.1:%d", s.port) }

// Close ends the server and returns after it has ended. If it has a data folder, everything that it
// acknowledged is stored. Later calls do nothing.
func (s *Server) Close() error { return s.close() }

// portAttempts: another process may take a free port before the server does.
const portAttempts = 5

// StartServer installs DynamoDB Local if necessary, starts it and returns when it answers. It fails
// as [Available] does, if another server keeps using the data folder or the port, if ctx ends, or
// after a minute.
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
	return &Server{port: port, close: sync.OnceValue(running.stop)}, nil
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
	lockPoll    = 20 * time.Millisecond
	lockTimeout = 5 * time.Second // a server whose owner was just killed is about to end
)

// lockFolder creates a data folder, and locks it for one server. The lock lasts for as long as any
// process has the returned file open. The server inherits it, so that a next one cannot start
// before the last one has ended.
func lockFolder(ctx context.Context, folder string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return lock, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("another DynamoDB Local is using it")
			if sleep(ctx, lockPoll) == nil {
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", folder, err), lock.Close())
	}
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
