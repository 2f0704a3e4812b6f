package awsapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/require"

	"orders/internal/local/awsapi"
)

func eventsClient(t *testing.T, e *awsapi.Endpoints) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(serve(t, e).URL),
		Credentials:  local,
	})
}

// entry is a good one, for a test to alter.
func entry() types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		Source:     aws.String("ecommerce.warehouse"),
		DetailType: aws.String("PackageCreated"),
		Detail:     aws.String(`{"products":[]}`),
	}
}

func put(t *testing.T, entries ...types.PutEventsRequestEntry) ([]awsapi.Entry, *eventbridge.PutEventsOutput, error) {
	t.Helper()
	e, events := newEndpoints()
	output, err := eventsClient(t, e).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	return events.entries, output, err
}

func TestPutEvents(t *testing.T) {
	at := time.Date(2026, 1, 23, 10, 53, 49, 131_000_000, time.UTC)
	whole := entry()
	whole.Detail = aws.String(` {"note":"<é>"} `)
	whole.EventBusName = aws.String("ecommerce-local")
	whole.Time = &at
	whole.Resources = []string{"one", "two"}
	whole.TraceHeader = aws.String("Root=1-5-6")

	got, output, err := put(t, whole, entry())

	require.NoError(t, err)
	require.Zero(t, output.FailedEntryCount)
	require.Equal(t, []types.PutEventsResultEntry{{EventId: aws.String("event-1")}, {EventId: aws.String("event-2")}}, output.Entries)
	require.Equal(t, []awsapi.Entry{{
		Bus:         "ecommerce-local",
		Source:      "ecommerce.warehouse",
		DetailType:  "PackageCreated",
		Time:        at,
		Resources:   []string{"one", "two"},
		Detail:      json.RawMessage(` {"note":"<é>"} `),
		TraceHeader: "Root=1-5-6",
	}, {
		Bus:        "default",
		Source:     "ecommerce.warehouse",
		DetailType: "PackageCreated",
		Time:       received,
		Detail:     json.RawMessage(`{"products":[]}`),
	}}, got)
}

func TestBusNames(t *testing.T) {
	for given, want := range map[string]string{
		"default":         "default",
		"ecommerce-local": "ecommerce-local",
		"arn:aws:events:eu-west-1:000000000000:event-bus/ecommerce-local": "ecommerce-local",
	} {
		named := entry()
		named.EventBusName = &given
		got, _, err := put(t, named)
		require.NoError(t, err)
		require.Equal(t, want, got[0].Bus)
	}
	for _, given := range []string{"", "a b", "arn:aws:events:eu-west-1:1:event-bus/x", "arn:aws:sqs:eu-west-1:000000000000:x"} {
		named := entry()
		named.EventBusName = &given
		got, _, err := put(t, entry(), named)
		requireAPIError(t, err, "ValidationException")
		require.Empty(t, got)
	}
}

func TestInvalidEntries(t *testing.T) {
	for name, test := range map[string]struct {
		alter         func(*types.PutEventsRequestEntry)
		code, message string
	}{
		"no source":      {func(e *types.PutEventsRequestEntry) { e.Source = nil }, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."},
		"no detail type": {func(e *types.PutEventsRequestEntry) { e.DetailType = aws.String("") }, "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
		"no detail":      {func(e *types.PutEventsRequestEntry) { e.Detail = nil }, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."},
		"cut detail":     {func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`{"a":`) }, "MalformedDetail", "Detail is malformed."},
		"a list":         {func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`[]`) }, "MalformedDetail", "Detail is malformed."},
		"null":           {func(e *types.PutEventsRequestEntry) { e.Detail = aws.String(`null`) }, "MalformedDetail", "Detail is malformed."},
	} {
		t.Run(name, func(t *testing.T) {
			bad := entry()
			test.alter(&bad)

			got, output, err := put(t, entry(), bad, entry())

			require.NoError(t, err)
			require.Equal(t, int32(1), output.FailedEntryCount)
			require.Equal(t, []types.PutEventsResultEntry{
				{EventId: aws.String("event-1")},
				{ErrorCode: &test.code, ErrorMessage: &test.message},
				{EventId: aws.String("event-2")},
			}, output.Entries)
			require.Len(t, got, 2)
		})
	}
}

func TestEntryThatCannotBeStored(t *testing.T) {
	e, events := newEndpoints()
	events.fails = "ecommerce.orders"
	fails := entry()
	fails.Source = aws.String("ecommerce.orders")

	output, err := eventsClient(t, e).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry(), fails, entry()}})

	require.NoError(t, err)
	require.Equal(t, int32(1), output.FailedEntryCount)
	require.Equal(t, []types.PutEventsResultEntry{
		{EventId: aws.String("event-1")},
		{ErrorCode: aws.String("InternalFailure"), ErrorMessage: aws.String("The event could not be stored.")},
		{EventId: aws.String("event-2")},
	}, output.Entries)
	require.Len(t, events.entries, 2)
}

func TestNumberOfEntries(t *testing.T) {
	ten := make([]types.PutEventsRequestEntry, 10)
	for i := range ten {
		ten[i] = entry()
	}
	got, _, err := put(t, ten...)
	require.NoError(t, err)
	require.Len(t, got, 10)

	for _, entries := range [][]types.PutEventsRequestEntry{append(ten, entry()), {}} {
		got, _, err = put(t, entries...)
		requireAPIError(t, err, "ValidationException")
		require.Empty(t, got)
	}
}

func TestSizeOfEntries(t *testing.T) {
	full := entry()
	full.Time = &started // 14 bytes
	full.Resources = []string{"order"}
	other := len(*full.Source) + len(*full.DetailType) + 14 + len("order")
	full.Detail = aws.String(`{"a":"` + strings.Repeat("é", (1<<20-other-8)/2) + `"}`)

	rest := 1<<20 - other - len(*full.Detail)
	full.Resources = append(full.Resources, strings.Repeat("x", rest))
	got, _, err := put(t, full)
	require.NoError(t, err)
	require.Len(t, got, 1)

	full.Resources = append(full.Resources, "x")
	got, _, err = put(t, full)
	requireAPIError(t, err, "ValidationException")
	require.Empty(t, got)
}
