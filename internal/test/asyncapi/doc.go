// Package asyncapi contains tests only: they generate resources/asyncapi.yaml from events.yaml, and
// check that it is current.
package asyncapi
