// Package contract tests that resources/openapi.yaml and resources/events.yaml are valid, that API
// Gateway can import them, and that the code keeps to them. It has no code of its own.
package contract
