// Package contract holds the tests that keep resources/openapi.yaml and resources/events.yaml true to themselves, to
// what API Gateway can import and to the code, and the code to its architecture. It has no code of its own.
package contract
