// Package buildinfo names the commit that a binary was built from.
package buildinfo

import (
	"cmp"
	"runtime/debug"
)

// commit is set by the Makefile with -ldflags -X.
var commit string

// Commit returns the commit that the binary was built from, followed by "-dirty" if the working
// tree had changes, or "unknown" if it was built neither by make nor in a git checkout.
func Commit() string {
	if commit != "" {
		return commit
	}
	info, _ := debug.ReadBuildInfo()
	return cmp.Or(fromVCS(info), "unknown")
}

// fromVCS returns the commit that the go command recorded, or "".
func fromVCS(info *debug.BuildInfo) (revision string) {
	if info == nil {
		return ""
	}
	var suffix string
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case "vcs.modified":
			if setting.Value == "true" {
				suffix = "-dirty"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision + suffix
}
