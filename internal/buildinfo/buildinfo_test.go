package buildinfo

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommitOfMakeTakesPrecedence(t *testing.T) {
	commit = "0123456789ab-dirty"
	defer func() { commit = "" }()
	require.Equal(t, "0123456789ab-dirty", Commit())
}

func TestCommitIsTheOneThatTheGoCommandRecorded(t *testing.T) {
	recorded := func(revision, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}}}
	}
	const revision = "0123456789abcdef0123456789abcdef01234567"
	require.Equal(t, "0123456789ab", fromVCS(recorded(revision, "false")))
	require.Equal(t, "0123456789ab-dirty", fromVCS(recorded(revision, "true")))
	require.Empty(t, fromVCS(recorded("", "true")))
	require.Empty(t, fromVCS(nil))
}
