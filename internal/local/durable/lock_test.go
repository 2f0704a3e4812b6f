package durable_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
)

func TestLockFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "lock")
	lock, err := durable.LockFile(t.Context(), path)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = durable.LockFile(ctx, path)
	require.ErrorIs(t, err, durable.ErrLocked)

	locked := make(chan error)
	go func() {
		next, err := durable.LockFile(t.Context(), path)
		if err == nil {
			err = next.Close()
		}
		locked <- err
	}()
	require.NoError(t, lock.Close())
	require.NoError(t, <-locked, "it waits for the lock")
}

func TestLockFileInUnusableFolder(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	_, err := durable.LockFile(t.Context(), filepath.Join(taken, "lock"))
	require.Error(t, err)
}
