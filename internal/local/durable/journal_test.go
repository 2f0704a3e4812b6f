package durable_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/durable"
)

type entry struct {
	Text   string
	Number int
}

func openJournal(t require.TestingT, path string) (*durable.Journal[entry], []entry) {
	j, entries, err := durable.OpenJournal[entry](path)
	require.NoError(t, err)
	return j, entries
}

func TestJournalSurvivesRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder", "events.jsonl")
	entries := []entry{{"<one> & \"two\"\nlines \u2028", 1}, {"", 2}, {"é", 3}}
	for i, e := range entries {
		j, before := openJournal(t, path)
		require.Equal(t, entries[:i], append([]entry{}, before...))
		require.NoError(t, j.Append(e))
		require.NoError(t, j.Close())
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(text), "\n"))
	require.Contains(t, string(text), `{"Text":"<one> & \"two\"\nlines`)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "customers' data")
}

func TestTornLastLineIsCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	j, _ := openJournal(t, path)
	lengths := []int{0}
	for i := range 3 {
		require.NoError(t, j.Append(entry{"text", i}))
		info, err := os.Stat(path)
		require.NoError(t, err)
		lengths = append(lengths, int(info.Size()))
	}
	require.NoError(t, j.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)

	for size := range len(text) + 1 {
		complete := 0
		for complete < 3 && lengths[complete+1] <= size {
			complete++
		}
		require.NoError(t, os.WriteFile(path, text[:size], 0o600))
		j, before := openJournal(t, path)
		require.Len(t, before, complete)
		require.NoError(t, j.Append(entry{"new", 0}))
		require.NoError(t, j.Close())
		j, after := openJournal(t, path)
		require.Equal(t, append(before, entry{"new", 0}), after)
		require.NoError(t, j.Close())
	}
}

func TestInvalidLineIsReportedAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	text := `{"Number":1}` + "\n" + `{"Text":"Secret Street` + "\n" + `{"Number":3}` + "\n{"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	_, _, err := durable.OpenJournal[entry](path)
	require.ErrorContains(t, err, "line 2 is invalid")
	require.ErrorContains(t, err, path)
	require.NotContains(t, err.Error(), "Secret")
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, text, string(kept))
}

func TestUnusableFileIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.Mkdir(path, 0o700))
	_, _, err := durable.OpenJournal[entry](path)
	require.ErrorContains(t, err, "open journal: ")
	_, _, err = durable.OpenJournal[entry](filepath.Join(path, "missing", "\x00"))
	require.ErrorContains(t, err, "open journal: ")
}

func TestEntryWithoutJSONFailsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	j, _, err := durable.OpenJournal[any](path)
	require.NoError(t, err)
	require.NoError(t, j.Append("one"))
	require.Error(t, j.Append(func() {}))
	require.NoError(t, j.Append("two"))
	require.NoError(t, j.Close())
	require.ErrorIs(t, j.Append("three"), os.ErrClosed)
	_, entries, err := durable.OpenJournal[any](path)
	require.NoError(t, err)
	require.Equal(t, []any{"one", "two"}, entries)
}

func TestConcurrentAppends(t *testing.T) {
	const writers, each = 16, 50
	path := filepath.Join(t.TempDir(), "events.jsonl")
	j, _ := openJournal(t, path)
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := range each {
				if err := j.Append(entry{string(rune('a' + writer)), i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, j.Close())
	_, entries := openJournal(t, path)
	require.Len(t, entries, writers*each)
	next := make(map[string]int)
	for _, e := range entries {
		require.Equal(t, next[e.Text], e.Number, "the entries of a writer are in order")
		next[e.Text]++
	}
}

func FuzzOpenJournal(f *testing.F) {
	f.Add([]byte(`{"Text":"a","Number":1}` + "\n"))
	f.Add([]byte(`{"Text":"a","Number":1}` + "\n" + `{"Text":`))
	f.Add([]byte("\n\n"))
	f.Add([]byte("null\n[]\n"))
	f.Add([]byte("\x00\x00\x00"))
	f.Add([]byte(`{"Number":1}` + "\r\n{}\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "events.jsonl")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		j, before, err := durable.OpenJournal[entry](path)
		if err != nil {
			kept, readErr := os.ReadFile(path)
			require.NoError(t, readErr)
			require.Equal(t, text, kept, "an invalid file is left unchanged")
			return
		}
		require.NoError(t, j.Append(entry{"new", 1}))
		require.NoError(t, j.Close())
		j, after := openJournal(t, path)
		require.NoError(t, j.Close())
		require.Equal(t, append(before, entry{"new", 1}), after)
	})
}

func TestAppendAllAndRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queues.jsonl")
	j, _ := openJournal(t, path)
	require.NoError(t, j.AppendAll([]entry{{"a", 1}, {"b", 2}, {"c", 3}}))
	require.NoError(t, j.AppendAll(nil))
	require.NoError(t, j.Close())

	require.NoError(t, durable.RewriteJournal(path, []entry{{"b", 2}}))
	j, entries := openJournal(t, path)
	require.Equal(t, []entry{{"b", 2}}, entries)
	require.NoError(t, j.Append(entry{"d", 4}))
	require.NoError(t, j.Close())
	_, entries = openJournal(t, path)
	require.Equal(t, []entry{{"b", 2}, {"d", 4}}, entries)
	require.ErrorContains(t, durable.RewriteJournal(filepath.Join(path, "x"), entries), "rewrite journal: ")
}
