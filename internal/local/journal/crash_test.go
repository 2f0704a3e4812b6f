package journal_test

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

// writesTo names the journal that this process is to write to until it is killed.
const writesTo = "JOURNAL_OF_A_PROCESS_TO_BE_KILLED"

func TestMain(m *testing.M) {
	if path := os.Getenv(writesTo); path != "" {
		writeForEver(path)
	}
	goleak.VerifyTestMain(m)
}

// writeForEver appends numbers, and prints each once the journal has it.
func writeForEver(path string) {
	j, entries := open(mustBeFine{}, path)
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

type mustBeFine struct{}

func (mustBeFine) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (mustBeFine) FailNow()                          { os.Exit(1) }

func TestWhatWasToldIsThereAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	told := make(map[int]bool)
	for round := range 5 {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), writesTo+"="+path)
		output, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(output)
		for read := 0; lines.Scan(); read++ { // to the end: what was printed before the kill counts
			number, err := strconv.Atoi(lines.Text())
			require.NoError(t, err)
			told[number] = true
			if read == 40*round+7 {
				require.NoError(t, command.Process.Kill())
			}
		}
		require.Error(t, command.Wait(), "it was killed")

		j, entries := open(t, path)
		require.NoError(t, j.Close())
		kept := make(map[int]bool)
		for _, e := range entries {
			kept[e.Number] = true
		}
		for number := range told {
			require.True(t, kept[number], number)
		}
	}
}
