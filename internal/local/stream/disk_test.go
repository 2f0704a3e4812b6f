package stream_test

import (
	"errors"
	"maps"
	"sync"

	"orders/internal/local/checkpoint"
)

// disk is what checkpoints are stored on. It fails like a disk, but takes less time.
type disk struct {
	mu     sync.Mutex
	stored map[string]checkpoint.Mark
	full   bool
}

func (d *disk) read() map[string]checkpoint.Mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := make(map[string]checkpoint.Mark)
	maps.Copy(copied, d.stored)
	return copied
}

func (d *disk) fail(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// marks is one process's checkpoints on a disk. It keeps the promises of checkpoint.File.
type marks struct {
	disk  *disk
	known map[string]checkpoint.Mark // guarded by the disk's mu
}

func (m *marks) Mark(shardID string) checkpoint.Mark {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return m.known[shardID]
}

func (m *marks) Advance(shardID, sequenceNumber string) error {
	return m.change(func() { m.known[shardID] = checkpoint.Mark{After: sequenceNumber} })
}

func (m *marks) End(shardID string) error {
	return m.change(func() { m.known[shardID] = checkpoint.Mark{After: m.known[shardID].After, Ended: true} })
}

func (m *marks) Keep(shardIDs map[string]bool) error {
	return m.change(func() {
		maps.DeleteFunc(m.known, func(id string, _ checkpoint.Mark) bool { return !shardIDs[id] })
	})
}

func (m *marks) change(change func()) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	change()
	if m.disk.full {
		return errors.New("disk full")
	}
	m.disk.stored = maps.Clone(m.known)
	return nil
}
