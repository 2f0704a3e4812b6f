package contract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

const (
	publicOrder = `{"orderId": "3f1c4d0a-7b52-5e8e-9c1d-2a6b8f04c7d3", "userId": "jane", "status": "NEW",
		"createdDate": "2026-01-23T10:53:49.131052Z", "modifiedDate": "2026-01-23T10:53:49.131052Z",
		"products": [` + goodProduct + `], "address": ` + goodAddress + `, "deliveryPrice": 1000, "total": 3590}`
	withToken = `"paymentToken": "token", "total"`
)

// stored is publicOrder as the table holds it.
func stored() string { return strings.Replace(publicOrder, `"total"`, withToken, 1) }

func TestOnlyOtherServicesSeeThePaymentToken(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	public, backend := schemas["Order"].Value, schemas["BackendOrder"].Value
	require.NoError(t, public.VisitJSON(decode(t, publicOrder)))
	require.Error(t, public.VisitJSON(decode(t, stored())))
	require.NoError(t, backend.VisitJSON(decode(t, stored())))
	require.Error(t, backend.VisitJSON(decode(t, publicOrder)))
}

func TestOnlyOtherServicesSeeUnknownAttributes(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	for _, at := range []string{`{"orderId"`, `{"productId"`, `{"width"`, `{"name"`} {
		require.Contains(t, publicOrder, at)
		more := func(order string) string { return strings.Replace(order, at, `{"new": {"x": [null]}, `+at[1:], 1) }
		require.Error(t, schemas["Order"].Value.VisitJSON(decode(t, more(publicOrder))), at)
		require.NoError(t, schemas["BackendOrder"].Value.VisitJSON(decode(t, more(stored()))), at)
	}
}

func TestUsersSeeOnlyTheStatusesOfTheContract(t *testing.T) {
	status := load(t, openAPIFile).Components.Schemas["Order"].Value.Properties["status"].Value
	require.Equal(t, []any{"NEW", "PACKAGING_FAILED", "PACKAGED", "DELIVERY_FAILED", "FULFILLED"}, status.Enum)
}

func TestDatesHaveTheContractsForms(t *testing.T) {
	for _, file := range []string{openAPIFile, eventsFile} {
		date := load(t, file).Components.Schemas["Date"].Value
		for text, valid := range map[string]bool{
			"2026-01-23T10:53:49.131052Z":      true,
			"2026-01-23T10:53:49.131052":       true, // by the predecessor
			"2026-01-23T10:53:49":              true, // by the predecessor, at a full second
			"2026-01-23T10:53:49Z":             false,
			"2026-01-23T10:53:49.13Z":          false,
			"2026-01-23T10:53:49.131052999Z":   false,
			"2026-01-23T10:53:49.131052+00:00": false,
			"2026-01-23 10:53:49.131052Z":      false,
			"":                                 false,
		} {
			require.Equal(t, valid, date.VisitJSON(text) == nil, "%s: %q", file, text)
		}
	}
}

func TestErrorsHaveTheContractsShape(t *testing.T) {
	schemas := load(t, openAPIFile).Components.Schemas
	for text, valid := range map[string]struct{ plain, detailed bool }{
		`{"message": "no"}`:                     {plain: true},
		`{"message": "no", "errors": ["why"]}`:  {detailed: true},
		`{"message": "no", "errors": []}`:       {},
		`{"message": "no", "errors": "why"}`:    {},
		`{"message": "no", "errors": null}`:     {},
		`{"message": ""}`:                       {},
		`{"errors": ["why"]}`:                   {},
		`{"message": "no", "cause": "a table"}`: {},
	} {
		require.Equal(t, valid.plain, schemas["Error"].Value.VisitJSON(decode(t, text)) == nil, text)
		require.Equal(t, valid.detailed, schemas["DetailedError"].Value.VisitJSON(decode(t, text)) == nil, text)
	}
}

func TestAnswersThatNameEveryReason(t *testing.T) {
	eachOperation(load(t, openAPIFile), func(route string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			if status < "400" {
				continue
			}
			want := "#/components/schemas/Error"
			if slices.Contains([]string{"400", "422", "503"}, status) {
				want = "#/components/schemas/DetailedError"
			}
			require.Equal(t, want, response.Value.Content["application/json"].Schema.Ref, "%s %s", route, status)
		}
	})
}
