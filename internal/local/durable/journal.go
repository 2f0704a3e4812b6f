package durable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"orders/internal/strictjson"
)

// A Journal is a list in a file, one JSON value a line. It is safe for concurrent use, but no two
// Journals may have the same file.
type Journal[E any] struct {
	mu   sync.Mutex
	next *commit // collects entries until the disk is free; nil: none yet

	disk   sync.Mutex // held while a commit is written; locked before mu where both are needed
	file   file
	size   int64 // of what is flushed
	broken error // why nothing can be written any more
}

// A file is the part of an os.File that can fail.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// A commit is the entries of all Appends that wait together.
type commit struct {
	lines []byte
	done  chan struct{} // closed once err is set
	err   error
}

// RewriteJournal replaces the content of a file that no Journal has open. After a crash, the file
// has its old content or its new one.
func RewriteJournal[E any](path string, entries []E) error {
	lines, err := encode(entries)
	if err == nil {
		err = replace(path, lines)
	}
	if err != nil {
		return fmt.Errorf("rewrite journal: %w", err)
	}
	return nil
}

// OpenJournal opens a file, which is created if it does not exist, with its folder, and returns its
// entries, oldest first. The part of a last line that a crash left is cut off. A line that is not
// valid is an error that says which line it is, and how to fix it.
func OpenJournal[E any](path string) (*Journal[E], []E, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("open journal: %w", err)
	}
	opened, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) // entries are customers' data
	if err != nil {
		return nil, nil, fmt.Errorf("open journal: %w", err)
	}
	entries, size, err := restore[E](opened)
	if err != nil {
		_ = opened.Close() // nothing was written
		return nil, nil, fmt.Errorf("open journal: %w", err)
	}
	return &Journal[E]{file: opened, size: size}, entries, nil
}

// restore reads the complete lines, cuts off the rest, and flushes both and the file's name.
func restore[E any](file *os.File) (entries []E, size int64, err error) {
	text, err := os.ReadFile(file.Name())
	if err != nil {
		return nil, 0, err
	}
	complete := text[:bytes.LastIndexByte(text, '\n')+1]
	if entries, err = decode[E](complete); err != nil {
		return nil, 0, fmt.Errorf("%s: %w; correct or remove the line, or move the file away to begin a new one", file.Name(), err)
	}
	size = int64(len(complete))
	if err := file.Truncate(size); err != nil {
		return nil, 0, err
	}
	if err := file.Sync(); err != nil {
		return nil, 0, err
	}
	return entries, size, syncFolder(filepath.Dir(file.Name()))
}

func decode[E any](text []byte) ([]E, error) {
	var entries []E
	number := 0
	for line := range bytes.Lines(text) {
		number++
		var entry E
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("line %d is invalid", number) // its text must not be logged
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// Append returns after the entry is flushed to the disk. If it returns an error, the entry is not
// in the file either, unless the error says that the file cannot be written any more. Entries whose
// Appends overlap share one write and one flush, and may have any order; all others have the order
// of their Appends.
func (j *Journal[E]) Append(entry E) error { return j.AppendAll([]E{entry}) }

// AppendAll appends several entries with one flush, as Append does. A crash may leave only the
// first of them.
func (j *Journal[E]) AppendAll(entries []E) error {
	lines, err := encode(entries)
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	c, leads := j.join(lines)
	if leads {
		j.commit(c)
	}
	<-c.done
	return c.err
}

func encode[E any](entries []E) (lines []byte, err error) {
	for _, entry := range entries {
		line, err := strictjson.Marshal(entry)
		if err != nil {
			return nil, err
		}
		lines = append(append(lines, line...), '\n')
	}
	return lines, nil
}

// join adds lines to the next commit. The first to join leads: it commits for all.
func (j *Journal[E]) join(lines []byte) (c *commit, leads bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	leads = j.next == nil
	if leads {
		j.next = &commit{done: make(chan struct{})}
	}
	j.next.lines = append(j.next.lines, lines...)
	return j.next, leads
}

// commit waits for the disk, while others join, and then writes what they have added.
func (j *Journal[E]) commit(c *commit) {
	j.disk.Lock()
	defer j.disk.Unlock()
	j.mu.Lock()
	j.next = nil // nobody joins any more
	j.mu.Unlock()
	c.err = j.write(c.lines)
	close(c.done)
}

// write appends lines to what is flushed, and flushes them. If that fails, it cuts off what was
// written of them, because the next lines must not follow half a line.
func (j *Journal[E]) write(lines []byte) error {
	if j.broken != nil {
		return j.broken
	}
	_, err := j.file.Write(lines)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil {
		j.size += int64(len(lines))
		return nil
	}
	err = fmt.Errorf("append to journal: %w", err)
	if cut := j.file.Truncate(j.size); cut != nil {
		j.broken = errors.Join(err, fmt.Errorf("restore journal: %w", cut))
	}
	return err
}

// Close closes the file. Every later Append fails.
func (j *Journal[E]) Close() error {
	j.disk.Lock()
	defer j.disk.Unlock()
	j.broken = fmt.Errorf("append to journal: %w", os.ErrClosed)
	return j.file.Close()
}
