package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// tick is the unit in which Linux tells CPU time, in milliseconds. It is the same on every architecture.
const tick = 10

// processCPU is the CPU time of all threads of a process so far, in milliseconds; NaN where there is no /proc.
func processCPU(pid int) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return math.NaN()
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return math.NaN()
	}
	user, errUser := strconv.ParseFloat(fields[11], 64)
	system, errSystem := strconv.ParseFloat(fields[12], 64)
	if errUser != nil || errSystem != nil {
		return math.NaN()
	}
	return (user + system) * tick
}

// processMemory is the largest resident set that a process has had, in MB; NaN where there is no /proc.
func processMemory(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return math.NaN()
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		return math.NaN()
	}
	return kilobytes / 1024
}
