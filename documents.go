// Package orders has the documents of the service for the programs that show them. Only the local
// service does; no deployed function imports it.
package orders

import _ "embed"

// Template is the CloudFormation template.
//
//go:embed template.yaml
var Template []byte

// OpenAPI describes the service's API.
//
//go:embed resources/openapi.yaml
var OpenAPI []byte
