// Package acceptance tests a running orders service through what it offers to others: the
// create-order function, the API, the event bus and the parameters. README.md says how to run it
// against which service.
package acceptance
