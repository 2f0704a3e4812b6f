package checkpoint_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/checkpoint"
)

// advancesIn names the folder in which this process is to advance a mark until it is killed.
const advancesIn = "CHECKPOINTS_OF_A_PROCESS_TO_BE_KILLED"

func TestMain(m *testing.M) {
	if folder := os.Getenv(advancesIn); folder != "" {
		advanceForEver(folder)
	}
	os.Exit(m.Run())
}

// advanceForEver counts up, and prints each number once it is stored.
func advanceForEver(folder string) {
	f, err := checkpoint.Open(folder, stream)
	if err != nil {
		panic(err)
	}
	number, _ := strconv.Atoi(f.Mark("a").After)
	for {
		number++
		if err := f.Advance("a", strconv.Itoa(number)); err != nil {
			panic(err)
		}
		fmt.Println(number)
	}
}

func TestTheFileIsWholeAfterKill(t *testing.T) {
	folder := t.TempDir()
	for round := range 5 {
		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), advancesIn+"="+folder)
		output, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(output)
		told := 0
		for read := 0; lines.Scan(); read++ { // to the end: what was printed before the kill counts
			told, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
			if read == 20*round+3 {
				require.NoError(t, command.Process.Kill())
			}
		}
		require.Error(t, command.Wait(), "it was killed")

		stored, err := strconv.Atoi(open(t, folder, stream).Mark("a").After)
		require.NoError(t, err)
		require.GreaterOrEqual(t, stored, told)
		require.LessOrEqual(t, stored, told+1, "the change under way was stored or not")
	}
}
