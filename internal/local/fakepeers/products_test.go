package fakepeers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// asSent is a product as a caller sends it, to be broken by a test.
func asSent(t *testing.T, p Product) map[string]any {
	t.Helper()
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(encode(t, p)), &line))
	return line
}

func validate(t *testing.T, lines ...any) (int, map[string]any) {
	t.Helper()
	return post(t, NewCatalogue().ValidateHandler(), "/backend/validate", encode(t, map[string]any{"products": lines}))
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range NewCatalogue() {
		require.NoError(t, uuid.Validate(p.ProductID))
		require.False(t, seen[p.ProductID], "%s twice", p.ProductID)
		seen[p.ProductID] = true
		require.NotEmpty(t, p.Name)
		for _, n := range []int64{p.Price, p.Package.Width, p.Package.Length, p.Package.Height, p.Package.Weight} {
			require.True(t, n >= 0 && n < 1_000_000, p.Name)
		}
	}
	require.Len(t, seen, 8)
}

func TestListHandler(t *testing.T) {
	w := httptest.NewRecorder()
	NewCatalogue().ListHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_local/products", nil))
	require.Equal(t, http.StatusOK, w.Code)
	var response struct{ Products Catalogue }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &response))
	require.Equal(t, NewCatalogue(), response.Products)
}

func TestProductsOfTheCatalogueAreValid(t *testing.T) {
	lines := []any{}
	for _, p := range NewCatalogue() {
		line := asSent(t, p)
		line["quantity"] = -3
		line["colour"] = "red"
		lines = append(lines, line)
	}
	for _, lines := range [][]any{lines, {}} {
		status, response := validate(t, lines...)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, map[string]any{"message": "All products are valid"}, response)
	}
}

func TestWrongProductsAreCorrected(t *testing.T) {
	mug := NewCatalogue()[0]
	for name, c := range map[string]struct {
		alter  func(line map[string]any)
		reason string
	}{
		"price":   {func(l map[string]any) { l["price"] = mug.Price - 1 }, "Wrong price"},
		"name":    {func(l map[string]any) { l["name"] = "enamel mug" }, "Wrong name"},
		"no name": {func(l map[string]any) { delete(l, "name") }, "Wrong name"},
		"width":   {func(l map[string]any) { l["package"].(map[string]any)["width"] = 1 }, "Wrong package"},
		"length":  {func(l map[string]any) { l["package"].(map[string]any)["length"] = 1 }, "Wrong package"},
		"height":  {func(l map[string]any) { l["package"].(map[string]any)["height"] = 1 }, "Wrong package"},
		"weight":  {func(l map[string]any) { l["package"].(map[string]any)["weight"] = 1 }, "Wrong package"},
		"types":   {func(l map[string]any) { l["name"], l["package"], l["price"] = 1, "x", "1290" }, "Wrong name, package, price"},
	} {
		t.Run(name, func(t *testing.T) {
			line := asSent(t, mug)
			c.alter(line)
			status, response := validate(t, asSent(t, NewCatalogue()[1]), line)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, c.reason+" in product '"+mug.ProductID+"'", response["message"])
			require.JSONEq(t, encode(t, []Product{mug}), encode(t, response["products"]))
		})
	}
}

func TestUnknownProductsAreRejected(t *testing.T) {
	status, response := validate(t, map[string]any{"productId": "<none>", "price": 1})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "Product '<none>' not found", response["message"])
	require.JSONEq(t, `[{"productId":"<none>","price":1}]`, encode(t, response["products"]))
}

func TestSeveralReasons(t *testing.T) {
	mug := asSent(t, NewCatalogue()[0])
	mug["price"] = 1
	_, response := validate(t, map[string]any{"productId": "a"}, mug, map[string]any{"productId": "b"})
	require.Equal(t, "Product 'a' not found. Wrong price in product '"+NewCatalogue()[0].ProductID+"'. Product 'b' not found", response["message"])
	require.Len(t, response["products"], 3)
}

func TestProductsWithoutID(t *testing.T) {
	for _, line := range []any{nil, 1, "x", []any{}, map[string]any{}, map[string]any{"productId": 1}, map[string]any{"productId": ""}} {
		status, response := validate(t, line)
		require.Equal(t, http.StatusBadRequest, status, line)
		require.NotEmpty(t, response["message"])
	}
}
