package order

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsePackageCreated(t *testing.T) {
	got, err := ParsePackageCreated([]byte(`{"orderId":"x","products":[
		{"productId":"a","quantity":2,"price":1},{"productId":"b"},{"productId":"c","quantity":0.0},{"productId":"d","quantity":-3},
		{"productId":"__metadata","orderId":"x","status":"COMPLETED","modifiedDate":"2026-01-01T00:00:00"}]}`))
	require.NoError(t, err)
	require.Equal(t, []PackedProduct{{"a", 2}, {"b", AsOrdered}, {"c", 0}, {"d", -3}, {"__metadata", AsOrdered}}, got)

	got, err = ParsePackageCreated([]byte(`{"products":[]}`))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestMalformedPackagesAreErrors(t *testing.T) {
	for detail, want := range map[string]string{
		``:                               "unexpected end of JSON input",
		`null`:                           "must be an object",
		`{}`:                             "/products: is required",
		`{"products":null}`:              "/products: must be an array",
		`{"products":{}}`:                "/products: must be an array",
		`{"products":[3]}`:               "/products/0: must be an object",
		`{"products":[{}]}`:              "/products/0/productId: is required",
		`{"products":[{"productId":7}]}`: "/products/0/productId: must be a string",
		`{"products":[{"productId":"a","quantity":"2"}]}`:  "/products/0/quantity: must be an integer",
		`{"products":[{"productId":"a","quantity":1.5}]}`:  "/products/0/quantity: must be an integer",
		`{"products":[{"productId":"a","quantity":null}]}`: "/products/0/quantity: must be an integer",
	} {
		_, err := ParsePackageCreated([]byte(detail))
		require.ErrorContains(t, err, want, detail)
	}
}

func FuzzParsePackageCreated(f *testing.F) {
	f.Add([]byte(`{"products":[{"productId":"a","quantity":2},{"productId":"__metadata"}]}`))
	f.Add([]byte(`{"products":null}`))
	f.Fuzz(func(t *testing.T, detail []byte) {
		packed, err := ParsePackageCreated(detail)
		if err != nil {
			require.Nil(t, packed)
		}
	})
}
