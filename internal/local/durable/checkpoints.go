// Package checkpoint keeps on the disk how far the shards of a stream have been read.
package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"sync"
)

// A Checkpoint tells how far one shard is done.
type Checkpoint struct {
	After string `json:"after,omitempty"` // sequence number of the last record done; empty: none
	Ended bool   `json:"ended,omitempty"` // the shard is closed, and all of it is done
}

// A Checkpoints is the marks of one stream's shards. Whatever happens to the process or the machine, the disk has them as
// they were before a change or as they are after it. It is safe for concurrent use, but no two Files may be open for
// the same stream in the same folder.
type Checkpoints struct {
	path   string
	stream string

	mu    sync.Mutex
	marks map[string]Checkpoint // by the shard's id
}

// content is what the file holds.
type content struct {
	Stream string                `json:"stream"`
	Shards map[string]Checkpoint `json:"shards"`
}

// OpenCheckpoints reads the marks of a stream, by its ARN, from its file in a folder, which is made if there is none. If there is
// no file, no shard has a mark: the stream is to be read from its beginning. A file that cannot be read is an error
// that says what to do; so is one that cannot be written, since every later change would fail.
func OpenCheckpoints(folder, streamARN string) (*Checkpoints, error) {
	f := &Checkpoints{
		path:   filepath.Join(folder, "checkpoints-"+url.QueryEscape(streamARN)+".json"),
		stream: streamARN,
		marks:  make(map[string]Checkpoint),
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("checkpoints: %w", err)
	}
	if err := f.load(); err != nil {
		return nil, fmt.Errorf("checkpoints: %s cannot be read: %w; remove the file to have all that the stream still holds handed over again", f.path, err)
	}
	return f, f.store()
}

func (f *Checkpoints) load() error {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.decode(text)
}

func (f *Checkpoints) decode(text []byte) error {
	var c content
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	if c.Stream != f.stream || c.Shards == nil {
		return fmt.Errorf("it is not of stream %s", f.stream)
	}
	f.marks = c.Shards
	return nil
}

// Get returns a shard's checkpoint, the zero Checkpoint if it has none.
func (f *Checkpoints) Get(shardID string) Checkpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.marks[shardID]
}

// Advance stores that the shard's records up to a sequence number are done. When it fails, the mark still counts in
// this process, and the next change that is stored brings it to the disk as well.
func (f *Checkpoints) Advance(shardID, sequenceNumber string) error {
	return f.change(func() { f.marks[shardID] = Checkpoint{After: sequenceNumber} })
}

// End stores that the shard is closed and all its records are done. It fails like Advance.
func (f *Checkpoints) End(shardID string) error {
	return f.change(func() { f.marks[shardID] = Checkpoint{After: f.marks[shardID].After, Ended: true} })
}

// Keep forgets the marks of all other shards: the stream no longer has them. It fails like Advance, and writes only
// if there is something to forget.
func (f *Checkpoints) Keep(shardIDs map[string]bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.marks)
	maps.DeleteFunc(f.marks, func(id string, _ Checkpoint) bool { return !shardIDs[id] })
	if len(f.marks) == before {
		return nil
	}
	return f.store()
}

func (f *Checkpoints) change(change func()) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	return f.store()
}

func (f *Checkpoints) store() error {
	text, err := json.MarshalIndent(content{f.stream, f.marks}, "", "  ")
	if err == nil {
		err = replace(f.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("checkpoints: %w", err)
	}
	return nil
}
