package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	lockFile = "dynamodb-local.lock"
	lockPoll = 20 * time.Millisecond

	// lockPatience is for a server whose owner was just killed: it is about to end.
	lockPatience = 5 * time.Second
)

// lockFolder makes a data folder, and claims it for one server. The claim lasts for as long as any process has the
// returned file open, so the server is to inherit it: a next one cannot begin before the last has ended.
func lockFolder(ctx context.Context, folder string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
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
			if waitFor(ctx, lockPoll) {
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("data folder %s: %w", folder, err), lock.Close())
	}
}

// waitFor returns false if ctx ended first.
func waitFor(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}
