package dynamodb_test

import (
	"errors"
	"maps"
	"sync"

	"orders/internal/local/durable"
)

// A disk stores checkpoints. It fails like a disk, but takes no time.
type disk struct {
	mu     sync.Mutex
	stored map[string]durable.Checkpoint
	full   bool
}

func (d *disk) read() map[string]durable.Checkpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := make(map[string]durable.Checkpoint)
	maps.Copy(copied, d.stored)
	return copied
}

func (d *disk) fail(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// fakeCheckpoints are one process's checkpoints on a disk. They behave as durable.Checkpoints do.
type fakeCheckpoints struct {
	disk  *disk
	known map[string]durable.Checkpoint // guarded by the disk's mu
}

func (m *fakeCheckpoints) Get(shardID string) durable.Checkpoint {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return m.known[shardID]
}

func (m *fakeCheckpoints) Advance(shardID, sequenceNumber string) error {
	return m.change(func() { m.known[shardID] = durable.Checkpoint{After: sequenceNumber} })
}

func (m *fakeCheckpoints) End(shardID string) error {
	return m.change(func() { m.known[shardID] = durable.Checkpoint{After: m.known[shardID].After, Ended: true} })
}

func (m *fakeCheckpoints) Prune(shardIDs map[string]bool) error {
	return m.change(func() {
		maps.DeleteFunc(m.known, func(id string, _ durable.Checkpoint) bool { return !shardIDs[id] })
	})
}

func (m *fakeCheckpoints) change(change func()) error {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	change()
	if m.disk.full {
		return errors.New("disk full")
	}
	m.disk.stored = maps.Clone(m.known)
	return nil
}
