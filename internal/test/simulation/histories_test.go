package simulation

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	histories = flag.Int("histories", 0, "number of histories; 0 means HISTORIES in the environment, or else 2000, fewer with -short or -race")
	first     = flag.Uint64("first", 1, "seed of the first history; the others follow")
	seed      = flag.Uint64("seed", 0, "play only the history with this seed, and print its trace")
)

const (
	usualHistories = 2000
	shortHistories = 200
	racedHistories = 300 // the race detector makes them ten times as slow
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // histories are small and short-lived
	os.Exit(m.Run())
}

// replay returns the command that plays a history again.
func replay(seed uint64) string {
	return fmt.Sprintf("go test ./internal/test/simulation -run '^TestHistories$' -seed=%d", seed)
}

func TestHistories(t *testing.T) {
	if *seed != 0 {
		o := play(t, *seed, seams{})
		fmt.Print(o.trace)
		require.Empty(t, o.wrong)
		return
	}
	var all tally
	var mu sync.Mutex
	workers(t, *first, wanted(t), func(t *testing.T, seed uint64) bool {
		o := play(t, seed, seams{})
		mu.Lock()
		defer mu.Unlock()
		all.add(o.tally)
		if len(o.wrong) > 0 {
			t.Errorf("history %d:\n  %s\nReplay: %s\n%s", seed, strings.Join(o.wrong, "\n  "), replay(seed), o.trace)
		}
		return len(o.wrong) == 0
	})
	fmt.Println(all.String())
}

// workers plays the histories of consecutive seeds on all processors, until play returns false.
func workers(t *testing.T, from uint64, n int, play func(t *testing.T, seed uint64) (proceed bool)) {
	var next atomic.Uint64
	var done atomic.Bool
	t.Run("workers", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for !done.Load() {
					i := next.Add(1) - 1
					if i >= uint64(n) {
						return
					}
					if !play(t, from+i) {
						done.Store(true)
					}
				}
			})
		}
	})
}

// wanted returns how many histories to play.
func wanted(t *testing.T) int {
	usual := usualHistories
	if raced {
		usual = racedHistories
	}
	if testing.Short() {
		usual = shortHistories
	}
	inEnvironment := 0
	if value := os.Getenv("HISTORIES"); value != "" {
		var err error
		inEnvironment, err = strconv.Atoi(value)
		require.NoError(t, err, "HISTORIES")
	}
	return cmp.Or(*histories, inEnvironment, usual)
}

func TestASeedReplaysExactly(t *testing.T) {
	workers(t, *first, max(1, wanted(t)/25), func(t *testing.T, seed uint64) bool {
		once, again := play(t, seed, seams{}), play(t, seed, seams{})
		return assert.Equal(t, once.trace, again.trace, "seed %d", seed) && assert.Equal(t, once.tally, again.tally, "seed %d", seed)
	})
}
