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

// A Checkpoint is how far one shard is done.
type Checkpoint struct {
	After string `json:"after,omitempty"` // sequence number of the last record done; empty: none
	Ended bool   `json:"ended,omitempty"` // the shard is closed, and all of it is done
}

// Checkpoints are the checkpoints of one stream's shards, in a file. After a crash of the process
// or the machine, the file has them as before a change or as after it. Checkpoints are safe for
// concurrent use, but may be open only once for the same stream in the same folder.
type Checkpoints struct {
	path   string
	stream string

	mu     sync.Mutex
	shards map[string]Checkpoint // by shard ID
}

// content is the file's content.
type content struct {
	Stream string                `json:"stream"`
	Shards map[string]Checkpoint `json:"shards"`
}

// OpenCheckpoints reads the checkpoints of a stream, named by its ARN, from its file in a folder,
// which is created if it does not exist. Without a file, no shard has a checkpoint: the stream is
// read from its beginning. A file that is not valid is an error that says how to fix it. A file
// that cannot be written is an error too, because every later change would fail.
func OpenCheckpoints(folder, streamARN string) (*Checkpoints, error) {
	c := &Checkpoints{
		path:   filepath.Join(folder, "checkpoints-"+url.QueryEscape(streamARN)+".json"),
		stream: streamARN,
		shards: make(map[string]Checkpoint),
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open checkpoints: %w", err)
	}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("open checkpoints: read %s: %w; remove the file to repeat all records that the stream still has", c.path, err)
	}
	return c, c.store()
}

func (c *Checkpoints) load() error {
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.decode(text)
}

func (c *Checkpoints) decode(text []byte) error {
	var stored content
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	if stored.Stream != c.stream || stored.Shards == nil {
		return fmt.Errorf("not the checkpoints of stream %s", c.stream)
	}
	c.shards = stored.Shards
	return nil
}

// Path returns the path of the file.
func (c *Checkpoints) Path() string { return c.path }

// Get returns a shard's checkpoint, the zero Checkpoint if it has none.
func (c *Checkpoints) Get(shardID string) Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shards[shardID]
}

// Advance stores that the shard's records up to a sequence number are done. If it fails, the
// checkpoint still counts in this process, and the next change that is stored includes it.
func (c *Checkpoints) Advance(shardID, sequenceNumber string) error {
	return c.change(func() { c.shards[shardID] = Checkpoint{After: sequenceNumber} })
}

// End stores that the shard is closed and all its records are done. It fails as Advance does.
func (c *Checkpoints) End(shardID string) error {
	return c.change(func() { c.shards[shardID] = Checkpoint{After: c.shards[shardID].After, Ended: true} })
}

// Prune removes the checkpoints of all shards but these, because the stream no longer has the
// others. It fails as Advance does, and writes only if there is something to remove.
func (c *Checkpoints) Prune(shardIDs map[string]bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.shards)
	maps.DeleteFunc(c.shards, func(id string, _ Checkpoint) bool { return !shardIDs[id] })
	if len(c.shards) == before {
		return nil
	}
	return c.store()
}

func (c *Checkpoints) change(change func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	return c.store()
}

func (c *Checkpoints) store() error {
	text, err := json.MarshalIndent(content{c.stream, c.shards}, "", "  ")
	if err == nil {
		err = replace(c.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("store checkpoints: %w", err)
	}
	return nil
}
