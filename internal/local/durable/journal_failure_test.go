package durable

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var errDisk = errors.New("disk failed")

// A faultyFile is a file whose calls may fail, a write after half of it was done.
type faultyFile struct {
	*os.File
	failWrite, failSync, failTruncate bool
	beforeSync                        func()
	syncs                             int
}

func (d *faultyFile) Write(p []byte) (int, error) {
	if d.failWrite {
		n, _ := d.File.Write(p[:len(p)/2])
		return n, errDisk
	}
	return d.File.Write(p)
}

func (d *faultyFile) Sync() error {
	d.syncs++
	if d.beforeSync != nil {
		d.beforeSync()
	}
	if d.failSync {
		return errDisk
	}
	return d.File.Sync()
}

func (d *faultyFile) Truncate(size int64) error {
	if d.failTruncate {
		return errDisk
	}
	return d.File.Truncate(size)
}

func openFaulty(t *testing.T) (*Journal[int], *faultyFile, string) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	j, _, err := OpenJournal[int](path)
	require.NoError(t, err)
	d := &faultyFile{File: j.file.(*os.File)}
	j.file = d
	t.Cleanup(func() { _ = j.Close() })
	return j, d, path
}

func TestFailedEntryIsNotInTheFile(t *testing.T) {
	for name, fail := range map[string]func(d *faultyFile, failing bool){
		"write": func(d *faultyFile, failing bool) { d.failWrite = failing },
		"sync":  func(d *faultyFile, failing bool) { d.failSync = failing },
	} {
		t.Run(name, func(t *testing.T) {
			j, d, path := openFaulty(t)
			require.NoError(t, j.Append(1))
			fail(d, true)
			require.ErrorIs(t, j.Append(2), errDisk)
			require.ErrorIs(t, j.Append(3), errDisk)
			fail(d, false)
			require.NoError(t, j.Append(4))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "1\n4\n", string(text))
		})
	}
}

// A line that followed half a line would be lost with it.
func TestNothingFollowsHalfALine(t *testing.T) {
	j, d, path := openFaulty(t)
	require.NoError(t, j.Append(1))
	d.failWrite, d.failTruncate = true, true
	require.ErrorIs(t, j.Append(2222), errDisk)
	d.failWrite, d.failTruncate = false, false
	require.ErrorIs(t, j.Append(3), errDisk)
	_, entries, err := OpenJournal[int](path)
	require.NoError(t, err)
	require.Equal(t, []int{1}, entries)
}

func TestOverlappingAppendsShareAFlush(t *testing.T) {
	const writers = 100
	j, d, _ := openFaulty(t)
	first := make(chan struct{})
	d.beforeSync = func() {
		if d.syncs == 1 {
			close(first)
		}
		for d.syncs == 1 && waiting(j) < writers {
			runtime.Gosched()
		}
	}
	var all sync.WaitGroup
	all.Go(func() {
		if err := j.Append(0); err != nil {
			t.Error(err)
		}
	})
	<-first
	for i := range writers {
		all.Go(func() {
			if err := j.Append(i + 1); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 2, d.syncs)
}

func waiting(j *Journal[int]) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.next == nil {
		return 0
	}
	return bytes.Count(j.next.lines, []byte("\n"))
}
