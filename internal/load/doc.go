// Package load presses a local service with orders at a constant rate while its neighbours, or its table, fail in a
// chosen way, and then proves that nothing was lost.
//
// The service runs in a process of its own, the same program started again, so that its share of the machine can be
// measured and the generator's garbage is not collected on its time. The neighbours, with their faults, run beside the
// generator. Latency is counted from the moment at which a request was meant to start, so that a service that makes
// the generator wait cannot hide it.
package load
