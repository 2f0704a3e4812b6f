// Package e2e tests what is deployed: the four binaries, built as for Lambda, run under its runtime
// API with AWS's own DynamoDB Local, a bus behind EventBridge's API, and fake peers that check
// signatures.
package e2e
