package durable_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
)

const stream = "arn:aws:dynamodb:eu-west-1:000000000000:table/local-orders/stream/2026-01-23T10:53:49.131"

func openCheckpoints(t require.TestingT, folder, stream string) *durable.Checkpoints {
	f, err := durable.OpenCheckpoints(folder, stream)
	require.NoError(t, err)
	return f
}

// onlyFile returns the path of the one file of checkpoints in a folder.
func onlyFile(t *testing.T, folder string) string {
	files, err := filepath.Glob(filepath.Join(folder, "checkpoints-*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

func TestCheckpointsSurviveRestart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	f := openCheckpoints(t, folder, stream)
	require.Zero(t, f.Get("a"))
	require.NoError(t, f.Advance("a", "100"))
	require.NoError(t, f.Advance("a", "200"))
	require.NoError(t, f.End("a"))
	require.NoError(t, f.End("b"))
	require.NoError(t, f.Advance("c", "300"))
	require.NoError(t, f.Advance("d", "400"))
	require.NoError(t, f.Prune(map[string]bool{"a": true, "b": true, "c": true, "x": true}))
	for range 2 {
		require.Equal(t, durable.Checkpoint{After: "200", Ended: true}, f.Get("a"))
		require.Equal(t, durable.Checkpoint{Ended: true}, f.Get("b"))
		require.Equal(t, durable.Checkpoint{After: "300"}, f.Get("c"))
		require.Zero(t, f.Get("d"))
		require.Zero(t, f.Get("x"))
		f = openCheckpoints(t, folder, stream)
	}
}

func TestEachStreamHasItsOwnFile(t *testing.T) {
	folder := t.TempDir()
	first, second := openCheckpoints(t, folder, stream), openCheckpoints(t, folder, stream+"5")
	require.NoError(t, first.Advance("a", "100"))
	require.NoError(t, second.Advance("a", "200"))
	require.Equal(t, "100", openCheckpoints(t, folder, stream).Get("a").After)
	require.Equal(t, "200", openCheckpoints(t, folder, stream+"5").Get("a").After)
}

func TestInvalidFileIsReportedAndKept(t *testing.T) {
	folder := t.TempDir()
	f := openCheckpoints(t, folder, stream)
	require.NoError(t, f.Advance("a", "100"))
	path := onlyFile(t, folder)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	texts := []string{
		"", "{}", "null", "[]", "\x00\x00", string(whole) + "{",
		strings.Replace(string(whole), "local-orders", "others-orders", 1),
	}
	for size := range len(strings.TrimSpace(string(whole))) {
		texts = append(texts, string(whole[:size]))
	}
	for _, text := range texts {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := durable.OpenCheckpoints(folder, stream)
		require.ErrorContains(t, err, path, text)
		require.ErrorContains(t, err, "remove the file to repeat all records")
		kept, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(kept))
	}
	require.NoError(t, os.Remove(path))
	require.Zero(t, openCheckpoints(t, folder, stream).Get("a"), "from the beginning, as the error says")
}

func TestUnusableFolderIsReported(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	require.NoError(t, os.WriteFile(taken, nil, 0o600))
	_, err := durable.OpenCheckpoints(taken, stream)
	require.ErrorContains(t, err, "open checkpoints: ")
	_, err = durable.OpenCheckpoints(t.TempDir(), strings.Repeat("x", 300))
	require.ErrorContains(t, err, "checkpoints: ")
}

// Whichever step of a change fails, the file keeps the old checkpoints, this process uses the new
// ones, and the next change that can be stored includes them all.
func TestFailedChangeIsIncludedInTheNext(t *testing.T) {
	for name, obstruct := range map[string]func(t *testing.T, path string) (undo func()){
		"the new file cannot be written": func(t *testing.T, path string) func() {
			require.NoError(t, os.Mkdir(path+".new", 0o700))
			return func() { require.NoError(t, os.Remove(path+".new")) }
		},
		"the new file cannot replace the old one": func(t *testing.T, path string) func() {
			require.NoError(t, os.Rename(path, path+".aside"))
			require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
			return func() {
				require.NoError(t, os.RemoveAll(path))
				require.NoError(t, os.Rename(path+".aside", path))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			f := openCheckpoints(t, folder, stream)
			require.NoError(t, f.Advance("a", "100"))
			undo := obstruct(t, onlyFile(t, folder))
			require.ErrorContains(t, f.Advance("a", "200"), "store checkpoints: ")
			require.Error(t, f.End("b"))
			require.Error(t, f.Prune(map[string]bool{"a": true}))
			require.Equal(t, "200", f.Get("a").After)
			undo()

			stored := openCheckpoints(t, folder, stream)
			require.Equal(t, "100", stored.Get("a").After)
			require.NoError(t, f.Advance("c", "300"))
			stored = openCheckpoints(t, folder, stream)
			require.Equal(t, "200", stored.Get("a").After)
			require.Zero(t, stored.Get("b"))
			require.Equal(t, "300", stored.Get("c").After)
		})
	}
}

// A crash between writing the new file and renaming it leaves any part of it.
func TestRestOfAnInterruptedChangeIsIgnored(t *testing.T) {
	folder := t.TempDir()
	f := openCheckpoints(t, folder, stream)
	require.NoError(t, f.Advance("a", "100"))
	path := onlyFile(t, folder)
	require.NoError(t, os.WriteFile(path+".new", []byte(`{"stream":"much longer than what will be written there`+strings.Repeat(" ", 999)), 0o600))
	f = openCheckpoints(t, folder, stream)
	require.Equal(t, "100", f.Get("a").After)
	require.NoError(t, f.Advance("a", "200"))
	require.Equal(t, "200", openCheckpoints(t, folder, stream).Get("a").After)
	require.Equal(t, path, onlyFile(t, folder), "and it is gone")
}
