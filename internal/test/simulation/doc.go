// Package simulation plays whole histories of the service: the real handlers, order.Service,
// dynamo.Store, eventbus.Publisher and event source mapping, with a table, an event bus, peers and
// customers that are simulated in one process on a simulated clock.
//
// Every call that leaves a process, and everything that enters one, waits at a scheduler. Once
// nothing else can proceed, the seed of the history picks which call does, and its fate: it may get
// lost, lose its response, arrive late or twice, be throttled, fail in part, conflict with another
// writer, or crash the calling process. When the history has settled, an oracle checks what is
// stored, published, returned and counted.
//
// # What is simulated
//
// The table, the bus and the queue are simulated at single calls of their APIs: the SDK's clients
// and their retries are real, but an attempt ends in a middleware instead of on the network. This
// is one layer below the port order.Store, because the guarded read and write of an update are two
// calls between which others may write, and because what dynamo.Store makes of a lost response is
// where the interesting faults are. A store simulated at the port would need its own model of both.
//
// # Why a seed replays
//
// Time passes only when the scheduler lets it, in steps of a quantum that is longer than any random
// backoff that cannot be seeded (the SDK's and dynamo.Store's retries): whoever wakes up within a
// step waits at the scheduler when the step ends, and the scheduler considers them in the order of
// their names. Simulated calls are carried out in the scheduler's own goroutine. All other
// randomness comes from sources made from the seed.
package simulation
