package local

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadDocument(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	require.Contains(t, string(readDocument("template.yaml", logger)), "AWS::Serverless")
	require.Contains(t, string(readDocument("resources/openapi.yaml", logger)), "openapi:")
	require.Empty(t, log.String())

	t.Chdir(t.TempDir())
	require.Empty(t, readDocument("template.yaml", logger))
	require.Contains(t, log.String(), "missing=template.yaml")
}
