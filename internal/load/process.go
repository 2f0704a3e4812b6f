package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux counts a process's time: its USER_HZ is 100 wherever Go runs.
const tick = 10 * time.Millisecond

// A usage is what has been used of the machine until now.
type usage struct {
	service       time.Duration // processor time of the service
	busy, machine time.Duration // of all processors: at work, and altogether
	rss           int64         // bytes that the service has in memory
}

// readUsage reads Linux's own figures of a process and of the machine. Elsewhere there are none.
func readUsage(pid int) (u usage, err error) {
	if _, err := os.Stat("/proc/self/stat"); errors.Is(err, fs.ErrNotExist) {
		return usage{}, nil
	}
	if u.service, err = processTime(pid); err != nil {
		return u, err
	}
	if u.busy, u.machine, err = machineTime(); err != nil {
		return u, err
	}
	u.rss, err = residentBytes(pid)
	return u, err
}

func processTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ") // the program's name stands before it, and may have blanks
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return ticks(fields[11:13])
}

// machineTime reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
func machineTime() (busy, all time.Duration, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0, 0, fmt.Errorf("/proc/stat has %d fields", len(fields))
	}
	all, err = ticks(fields[1:9])
	if err != nil {
		return 0, 0, err
	}
	idle, err := ticks(fields[4:6])
	return all - idle, all, err
}

func ticks(fields []string) (sum time.Duration, err error) {
	for _, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

func residentBytes(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/%d/statm has %d fields", pid, len(fields))
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// since is what was used between two readings. The memory is that of the later one.
func (u usage) since(before usage) usage {
	return usage{u.service - before.service, u.busy - before.busy, u.machine - before.machine, u.rss}
}
