package awsapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/awsapi"
)

// FuzzPost checks that the response to any POST / is JSON that clients understand, that an entry is
// put if and only if it has an ID, and that every entry that is put is valid.
func FuzzPost(f *testing.F) {
	for _, target := range []string{"AWSEvents.PutEvents", "AmazonSSM.GetParameter", "AmazonSSM.GetParameters", "AmazonSSM.GetParametersByPath", ""} {
		for _, body := range []string{
			`{"Entries":[{"Source":"s","DetailType":"d","Detail":"{\"a\":1}","Time":1769165449.131,"Resources":["r"],"EventBusName":"b"},null]}`,
			`{"Entries":[{"Source":"s","DetailType":"d","Detail":"[]"}]}`,
			`{"Entries":null}`,
			`{"Name":"/a/b"}`,
			`{"Names":["/a/b","arn:aws:ssm:eu-west-1:000000000000:parameter/a/b",""]}`,
			`{"Path":"//","Recursive":true,"MaxResults":1,"NextToken":"L2E"}`,
			`{"Path":"/a","MaxResults":-1}`,
			``,
		} {
			f.Add(target, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, target string, body []byte) {
		e, events := newEndpoints()
		e.Parameters = map[string]string{"/a/b": "1", "/a/c": "2", "/a/d/e": "3"}

		status, response := post(t, e, target, string(body))

		var got struct {
			Type             string `json:"__type"`
			FailedEntryCount int
			Entries          []struct{ EventID, ErrorCode string }
		}
		require.NoError(t, json.Unmarshal([]byte(response), &got))
		require.Equal(t, status != http.StatusOK, got.Type != "")
		require.Len(t, got.Entries, len(events.entries)+got.FailedEntryCount)
		for _, result := range got.Entries {
			require.NotEqual(t, result.EventID == "", result.ErrorCode == "")
		}
		for _, entry := range events.entries {
			requireWhole(t, entry)
		}
	})
}

func requireWhole(t *testing.T, entry awsapi.Entry) {
	t.Helper()
	require.NotEmpty(t, entry.Bus)
	require.NotEmpty(t, entry.Source)
	require.NotEmpty(t, entry.DetailType)
	_, err := entry.Time.MarshalJSON()
	require.NoError(t, err)
	var detail map[string]any
	require.NoError(t, json.Unmarshal(entry.Detail, &detail))
}
