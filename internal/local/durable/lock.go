package durable

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrLocked is returned by LockFile if another process has the lock.
var ErrLocked = errors.New("another process is using it")

const lockPoll = 20 * time.Millisecond

// LockFile locks a file, which is created if it does not exist, with its folder. It waits for the
// lock until ctx ends, and then returns ErrLocked. The lock lasts for as long as any process has
// the returned file open, which processes that inherit it include.
func LockFile(ctx context.Context, path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return file, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, errors.Join(ErrLocked, file.Close())
		}
	}
}
