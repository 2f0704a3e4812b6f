package contract_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local"
)

// The document alone is enough to use the service: a client that a generator makes of it creates an
// order, polls it until it is fulfilled, and lists it. The generator and the program are a module
// of their own in testdata/client, which pins their versions.
func TestAGeneratedClientFollowsAnOrder(t *testing.T) {
	t.Parallel() // fulfilment is slow
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("testdata/client")))
	document, err := filepath.Abs(openAPIFile)
	require.NoError(t, err)
	in := func(stdin, name string, arguments ...string) string {
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir, command.Stdin = folder, strings.NewReader(stdin)
		command.Env = append(os.Environ(), "GOWORK=off")
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
		return string(output)
	}
	in("", "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "main", "-o", "client.gen.go", document)
	in("", "go", "build", "-o", "client", ".")

	s := start(t, local.Settings{Fulfilment: true})
	request := s.sample(t)
	output := in(request, filepath.Join(folder, "client"), s.url, s.fetch(t, "/_local/token?sub="+jane))
	require.Equal(t, idOf(t, request)+" FULFILLED 3 statuses\n", output)
}
