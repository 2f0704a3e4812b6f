package dynamodb_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A step is one thing that happens to a stream, or to the service that reads it.
type step struct {
	Does string
	With int
}

func drawStep() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return step{
			Does: rapid.SampledFrom([]string{
				"change", "change", "change", "changes", "split", "roll", "wait", "wait", "sleep", "expire", "fail", "slow", "restart", "kill",
				"disk fails", "disk works",
			}).Draw(t, "does"),
			With: rapid.IntRange(0, 99).Draw(t, "with"),
		}
	})
}

// A scene is a table, the function that receives its records, and the service that runs at the
// moment.
type scene struct {
	table  *table
	reader *reader
	disk   *disk
	stop   func() error
}

func (s *scene) play(t *testing.T, step step) {
	switch step.Does {
	case "change":
		s.table.change(step.With % orders)
	case "changes":
		for i := range 3 * orders {
			s.table.change(i % orders)
		}
	case "split", "roll":
		s.table.split(step.With, step.Does == "roll")
	case "wait":
		time.Sleep(time.Duration(step.With) * 50 * time.Millisecond)
	case "sleep":
		time.Sleep(time.Duration(step.With) * 200 * time.Millisecond)
	case "expire":
		s.table.expire()
	case "fail":
		s.table.fail(step.With%2, step.With%3, step.With%5)
	case "slow":
		s.reader.slow(time.Duration(step.With%4) * 100 * time.Millisecond)
	case "disk fails", "disk works":
		s.disk.fail(step.Does == "disk fails")
	case "restart":
		require.NoError(t, s.stop())
		s.start(t)
	case "kill":
		left := s.disk.read()
		time.Sleep(time.Duration(step.With) * 10 * time.Millisecond) // what is done in this time has no checkpoint
		require.NoError(t, s.stop())
		s.disk.stored = left
		s.start(t)
	}
}

// start starts a process, which knows what is on the disk.
func (s *scene) start(t *testing.T) {
	s.stop = s.reader.startFrom(t, &fakeCheckpoints{disk: s.disk, known: s.disk.read()})
}

// catchUp waits until all changes have been passed on, but no longer than a day.
func (s *scene) catchUp() {
	for range 24 * 60 * 6 {
		time.Sleep(10 * time.Second)
		if s.reader.sum() == s.table.sum() {
			return
		}
	}
}

// A sceneResult is what a scene has led to.
type sceneResult struct {
	changes, seen map[int]int // by order
	skipped       []string
	late          int // records passed on by a process that starts when nothing is left
}

func playAll(t *testing.T, steps []step) (result sceneResult) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{table: newTable(), disk: new(disk)}
		s.reader = newReader(s.table.client(), "")
		s.start(t)
		for _, step := range steps {
			s.play(t, step)
		}
		s.disk.fail(false)
		s.table.change(0) // its checkpoint includes those that could not be stored before
		s.catchUp()
		require.NoError(t, s.stop())
		before := s.reader.received
		s.start(t)
		time.Sleep(5 * pause)
		require.NoError(t, s.stop())
		result = sceneResult{s.table.changes, s.reader.seen, s.reader.skipped, s.reader.received - before}
	})
	return result
}

// Whatever happens, every change is passed on, and before any later one of the same order.
func TestEveryChangeIsPassedOnInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(drawStep(), 1, 30).Draw(rt, "steps")
		result := playAll(t, steps)
		require.Empty(rt, result.skipped)
		require.Equal(rt, result.changes, result.seen)
		require.Zero(rt, result.late)
	})
}
