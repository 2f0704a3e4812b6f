// Package deployment holds the tests that keep template.yaml, samconfig.toml, the Makefile and the README's pages for
// deployers and operators true to the code. It has no code of its own.
package template
