// Package journal keeps a list in a file, one JSON value a line. What Append has taken is still there after a crash.
package durable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// A Journal is an open file of entries. It is safe for concurrent use, but no two Journals may have the same file.
type Journal[E any] struct {
	mu   sync.Mutex
	next *commit // collects entries until the disk is free; nil: none yet

	disk   sync.Mutex // held while a commit is written; taken before mu where both are needed
	file   storage
	size   int64 // of what is safe on the disk
	broken error // why nothing can be written any more
}

// storage is the part of a file that can fail.
type storage interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// A commit is the entries of all that wait together.
type commit struct {
	lines []byte
	done  chan struct{} // closed once err tells what became of them
	err   error
}

// Append returns once the entry is safe on the disk, or with the reason why it is not; it is then not in the file
// either, unless that reason is that the file cannot be written any more. Entries whose Appends overlap share one
// write and one flush, and may stand in any order; all others stand in the order of their Appends.
func (j *Journal[E]) Append(entry E) error {
	line, err := encode(entry)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	c, leads := j.join(line)
	if leads {
		j.commit(c)
	}
	<-c.done
	return c.err
}

// encode writes the entry as a line. A line feed within the value is escaped or dropped by the encoder.
func encode[E any](entry E) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(entry)
	return line.Bytes(), err
}

// join adds a line to the next commit. Whoever is the first to join leads: it commits for all.
func (j *Journal[E]) join(line []byte) (c *commit, leads bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	leads = j.next == nil
	if leads {
		j.next = &commit{done: make(chan struct{})}
	}
	j.next.lines = append(j.next.lines, line...)
	return j.next, leads
}

// commit waits for the disk, while others join, and then writes what has come together.
func (j *Journal[E]) commit(c *commit) {
	j.disk.Lock()
	defer j.disk.Unlock()
	j.mu.Lock()
	j.next = nil // nobody joins any more
	j.mu.Unlock()
	c.err = j.write(c.lines)
	close(c.done)
}

// write puts lines behind what is safe, and makes them safe. What was written of them is cut off if that fails, lest
// the next lines stand behind half a line.
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
	err = fmt.Errorf("journal: %w", err)
	if cut := j.file.Truncate(j.size); cut != nil {
		j.broken = errors.Join(err, fmt.Errorf("journal: %w", cut))
	}
	return err
}

// Close closes the file. Every Append after it fails.
func (j *Journal[E]) Close() error {
	j.disk.Lock()
	defer j.disk.Unlock()
	j.broken = fmt.Errorf("journal: %w", os.ErrClosed)
	return j.file.Close()
}
