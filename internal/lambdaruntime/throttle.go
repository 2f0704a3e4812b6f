package lambdaruntime

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// throttlePeriod is the time in which a throttled process gets its share of a CPU, as on Lambda.
const throttlePeriod = 20 * time.Millisecond

// A throttle is a control group of Linux that gives the processes in it a share of one CPU.
type throttle struct{ folder string }

var throttles atomic.Int64 // in this process, for their names

// newThrottle returns a control group without processes. The owner must call remove.
func newThrottle(share float64) (throttle, error) {
	period := throttlePeriod.Microseconds()
	quota := int64(share * float64(period))
	name := fmt.Sprintf("lambdaruntime-%d-%d", os.Getpid(), throttles.Add(1))
	t := throttle{filepath.Join("/sys/fs/cgroup/cpu", name)} // version 1
	settings := [][2]string{{"cpu.cfs_period_us", fmt.Sprint(period)}, {"cpu.cfs_quota_us", fmt.Sprint(quota)}}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil { // version 2
		t = throttle{filepath.Join("/sys/fs/cgroup", name)}
		settings = [][2]string{{"cpu.max", fmt.Sprint(quota, period)}}
	}
	if err := os.Mkdir(t.folder, 0o755); err != nil {
		return throttle{}, fmt.Errorf("control group: %w", err)
	}
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join(t.folder, s[0]), []byte(s[1]), 0o644); err != nil {
			t.remove()
			return throttle{}, fmt.Errorf("control group: %w", err)
		}
	}
	return t, nil
}

// apply throttles a process from now on. Linux may take 15 ms for that, in which the process is
// stopped: it would otherwise do work that Lambda throttles.
func (t throttle) apply(pid int) error {
	if t.folder == "" {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err == nil {
		defer syscall.Kill(pid, syscall.SIGCONT)
	}
	err := os.WriteFile(filepath.Join(t.folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
	if err != nil {
		return fmt.Errorf("control group: %w", err)
	}
	return nil
}

// remove removes the group once its processes have ended.
func (t throttle) remove() {
	if t.folder != "" {
		_ = os.Remove(t.folder) // a group that is left over has no effect
	}
}

// CanThrottle returns why functions cannot be throttled on this machine, or nil if they can: it
// takes Linux, control groups and the right to make them.
func CanThrottle() error {
	t, err := newThrottle(1)
	if err == nil {
		t.remove()
	}
	return err
}
