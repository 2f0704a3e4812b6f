package durable_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// These name what this test binary, run as another process, writes to until it is killed.
const (
	journalPath       = "TEST_WRITE_JOURNAL"
	checkpointsFolder = "TEST_WRITE_CHECKPOINTS"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(journalPath); path != "" {
		appendForever(path)
	}
	if folder := os.Getenv(checkpointsFolder); folder != "" {
		advanceForever(folder)
	}
	goleak.VerifyTestMain(m)
}

// appendForever appends numbers, and prints each number once it is in the journal.
func appendForever(path string) {
	j, entries := openJournal(mustBeFine{}, path)
	var mu sync.Mutex
	next := len(entries)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for {
				mu.Lock()
				number := next
				next++
				mu.Unlock()
				if err := j.Append(entry{"text", number}); err != nil {
					panic(err)
				}
				fmt.Println(number)
			}
		})
	}
	writers.Wait()
}

// advanceForever advances a checkpoint, and prints each number once it is stored.
func advanceForever(folder string) {
	f := openCheckpoints(mustBeFine{}, folder, stream)
	number, _ := strconv.Atoi(f.Get("a").After)
	for {
		number++
		if err := f.Advance("a", strconv.Itoa(number)); err != nil {
			panic(err)
		}
		fmt.Println(number)
	}
}

type mustBeFine struct{}

func (mustBeFine) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (mustBeFine) FailNow()                          { os.Exit(1) }

// killWriter runs this binary with an environment variable, kills it after some numbers, and
// returns all that it printed, the lines before the kill included.
func killWriter(t *testing.T, environment string, after int) []int {
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), environment)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	var printed []int
	for lines := bufio.NewScanner(output); lines.Scan(); {
		number, err := strconv.Atoi(lines.Text())
		require.NoError(t, err)
		printed = append(printed, number)
		if len(printed) == after {
			require.NoError(t, command.Process.Kill())
		}
	}
	require.Error(t, command.Wait(), "it was killed")
	return printed
}

func TestJournalSurvivesKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	var appended []int
	for round := range 5 {
		appended = append(appended, killWriter(t, journalPath+"="+path, 40*round+8)...)
		j, entries := openJournal(t, path)
		require.NoError(t, j.Close())
		kept := make(map[int]bool)
		for _, e := range entries {
			kept[e.Number] = true
		}
		for _, number := range appended {
			require.True(t, kept[number], number)
		}
	}
}

func TestCheckpointsSurviveKill(t *testing.T) {
	folder := t.TempDir()
	for round := range 5 {
		printed := killWriter(t, checkpointsFolder+"="+folder, 20*round+4)
		last := printed[len(printed)-1]
		stored, err := strconv.Atoi(openCheckpoints(t, folder, stream).Get("a").After)
		require.NoError(t, err)
		require.GreaterOrEqual(t, stored, last)
		require.LessOrEqual(t, stored, last+1, "the change under way was stored or not")
	}
}
