// Package template contains tests only: they compare template.yaml, samconfig.toml, the Makefile,
// the README, resources/deploy.md and resources/runbook.md with the code.
package template
