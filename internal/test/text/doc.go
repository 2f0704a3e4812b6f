// Package text contains tests only: they check what is written in the repository, in whichever
// file.
package text
