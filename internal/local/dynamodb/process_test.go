package dynamodb

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// script returns a command that runs instead of the server.
func script(text string) []string { return []string{"/bin/sh", "-c", text} }

const endless = "echo 'INFO Server: Started'; exec sleep 1000"

func TestCommandRunsUntilItIsStopped(t *testing.T) {
	defer goleak.VerifyNone(t)
	var log bytes.Buffer
	lock, err := lockFolder(t.Context(), t.TempDir())
	require.NoError(t, err)
	p, err := launch(t.Context(), script("echo pid $$; "+endless), lock, &log)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
	group, err := syscall.Getpgid(p.command.Process.Pid)
	require.NoError(t, err)
	require.NotEqual(t, syscall.Getpgrp(), group, "Ctrl-C does not reach it")
	require.NoError(t, p.stop())
	require.Contains(t, log.String(), "Started")
	pid := strings.Fields(log.String())[1]
	require.Error(t, exec.Command("kill", "-0", pid).Run(), "it has ended")
}

func TestCommandThatEndsSaysWhy(t *testing.T) {
	defer goleak.VerifyNone(t)
	_, err := launch(t.Context(), script("echo no memory >&2; exit 3"), nil, nil)
	require.ErrorContains(t, err, "no memory")
	_, err = launch(t.Context(), script("echo 'BindException: Address already in use'"), nil, nil)
	require.ErrorIs(t, err, errPortTaken)
	_, err = launch(t.Context(), []string{"/no/such/program"}, nil, nil)
	require.ErrorContains(t, err, "/no/such/program")
}

func TestCommandThatNeverListensTimesOut(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := launch(ctx, script("exec sleep 1000"), nil, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestFolderIsLockedUntilTheCommandEnds(t *testing.T) {
	folder := t.TempDir()
	lock, err := lockFolder(t.Context(), folder)
	require.NoError(t, err)
	p, err := launch(t.Context(), script(endless), lock, nil)
	require.NoError(t, err)
	require.NoError(t, lock.Close())

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = lockFolder(ctx, folder)
	require.EqualError(t, err, "lock folder "+folder+" for DynamoDB Local: another process is using it")

	locked := make(chan error)
	go func() {
		next, err := lockFolder(t.Context(), folder)
		if err == nil {
			err = next.Close()
		}
		locked <- err
	}()
	require.NoError(t, p.stop())
	require.NoError(t, <-locked, "it waits for a server that is about to end")
}

func TestFolderThatCannotBeCreated(t *testing.T) {
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := lockFolder(t.Context(), file)
	require.Error(t, err)
}
