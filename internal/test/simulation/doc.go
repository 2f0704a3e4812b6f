// Package simulation holds the tests that play whole histories of the service: the real handlers, order.Service,
// dynamo.Store, eventbus.Publisher and event source mapping, against a table, an event bus, neighbours and customers that
// are simulated in one process on a simulated clock.
//
// Every call that leaves a process, and everything that enters one, blocks at a scheduler. Once nothing else can go on,
// the seed of the history picks which call does, and what becomes of it: it may get lost, lose its answer, land late,
// come twice, be throttled, fail in part, meet another writer, or take the calling process down with it. When the
// history has settled, an oracle judges what is stored, announced, answered and counted.
//
// # Where the line is drawn
//
// The table and the bus are simulated at single calls of their API: the SDK's clients are real, and so are their retries,
// but an attempt ends in a middleware instead of on the network. This is one layer below the port order.Store, on purpose:
// the guarded read and write of an update are two calls between which anybody may come, and what dynamo.Store makes
// of an answer that got lost is where the interesting faults are. A store simulated at the port would have to bring its
// own idea of both.
//
// # Why a seed replays
//
// Time passes only when the scheduler lets it, in steps of a quantum that is longer than any random pause that cannot
// be seeded (the SDK's retries, dynamo.Store's rounds): whoever woke up within a step waits at the scheduler when it ends,
// and the scheduler looks at those who wait in the order of their names. What happens in the world happens in the
// scheduler's own goroutine. All other chance comes from sources made from the seed.
package simulation
