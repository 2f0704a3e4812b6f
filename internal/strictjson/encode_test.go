package strictjson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMarshalEscapesNoHTML(t *testing.T) {
	got, err := Marshal(map[string]string{"name": `<Æ & "B">`})
	require.NoError(t, err)
	require.Equal(t, `{"name":"<Æ & \"B\">"}`, string(got))

	_, err = Marshal(make(chan int))
	require.Error(t, err)
}
