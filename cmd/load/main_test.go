package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInvalidArgumentsAreReportedAtOnce(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), []string{"-scenario=rain"}, nil, nil, &out, &out)
	require.ErrorContains(t, err, `unknown scenario "rain"`)
	require.Empty(t, out.String())
}

func TestTheServiceEndsWithItsInput(t *testing.T) {
	var out bytes.Buffer
	settings := map[string]string{"PORT": "0", "FULFILMENT": "off"}
	err := run(t.Context(), []string{"serve"}, func(name string) string { return settings[name] }, strings.NewReader(""), &out, &out)
	require.NoError(t, err)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+\n$`, out.String())
}
