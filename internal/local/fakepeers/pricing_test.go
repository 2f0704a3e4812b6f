package fakepeers

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// pricingOf requests a price. The sizes are width, length, height, weight.
func pricingOf(t *testing.T, country string, sizes ...[4]int64) string {
	t.Helper()
	products := []map[string]any{}
	for _, s := range sizes {
		products = append(products, map[string]any{
			"quantity": 7,
			"package":  map[string]int64{"width": s[0], "length": s[1], "height": s[2], "weight": s[3]},
		})
	}
	body := encode(t, map[string]any{"products": products, "address": map[string]string{"country": country}})
	status, response := post(t, PricingHandler(), "/backend/pricing", body)
	require.Equal(t, http.StatusOK, status)
	return string(response["pricing"].(json.Number))
}

func TestPricingByCountry(t *testing.T) {
	groups := map[string]string{
		"DK FI NO SE": "0",
		"AT BE BG CY CZ DE EE ES FR GR HR HU IE IT LT LU LV MT NL PO PT RO SI SK": "1000",
		"CA US": "1500",
		// The table's own spelling counts: Poland is PO, and case matters.
		"GB CH JP BR PL XX us dk De": "2500",
	}
	for countries, want := range groups {
		for country := range strings.FieldsSeq(countries) {
			require.Equal(t, want, pricingOf(t, country, [4]int64{1, 1, 1, 1}), country)
		}
	}
}

func TestPricingByBoxes(t *testing.T) {
	const most = math.MaxInt32
	huge := new(big.Int).Exp(big.NewInt(most), big.NewInt(3), nil)
	huge.Mul(huge, big.NewInt(2)).Add(huge, big.NewInt(boxVolume-1)).Quo(huge, big.NewInt(boxVolume))
	huge.Mul(huge, big.NewInt(1000))

	for name, c := range map[string]struct {
		sizes [][4]int64
		want  string
	}{
		"nothing":                     {nil, "0"},
		"no size":                     {[][4]int64{{0, 0, 0, 0}}, "0"},
		"flat but heavy":              {[][4]int64{{0, 10, 10, 1}}, "1000"},
		"a full box":                  {[][4]int64{{500, 500, 500, 12_000}}, "1000"},
		"a volume over":               {[][4]int64{{500, 500, 501, 0}}, "2000"},
		"a weight over":               {[][4]int64{{1, 1, 1, 12_001}}, "2000"},
		"volumes add up":              {[][4]int64{{500, 500, 400, 1}, {500, 500, 100, 1}}, "1000"},
		"volumes add up, and one mm3": {[][4]int64{{500, 500, 500, 1}, {1, 1, 1, 1}}, "2000"},
		"weights add up":              {[][4]int64{{1, 1, 1, 12_000}, {1, 1, 1, 12_000}, {1, 1, 1, 1}}, "3000"},
		"the larger count wins":       {[][4]int64{{500, 500, 1500, 12_001}}, "3000"},
		"as heavy as can be":          {[][4]int64{{0, 0, 0, most}}, "178957000"},
		"as large as can be":          {[][4]int64{{most, most, most, most}, {most, most, most, most}}, huge.String()},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, pricingOf(t, "DE", c.sizes...))
		})
	}
}

func TestPricingErrors(t *testing.T) {
	const body = `{"products":[{"package":{"width":%s,"length":1.0,"height":1,"weight":1}}],"address":%s}`
	read := func(width, address string) (int, map[string]any) {
		return post(t, PricingHandler(), "/backend/pricing", fmt.Sprintf(body, width, address))
	}
	status, _ := read("1", `{"country":"SE"}`)
	require.Equal(t, http.StatusOK, status)

	for _, width := range []string{"-1", "0.5", "2147483648", "1e400", `"1"`, "null", "{}", "true"} {
		status, response := read(width, `{"country":"SE"}`)
		require.Equal(t, http.StatusBadRequest, status, width)
		require.Regexp(t, `^/products/0/package/width: must be (an integer|at least 0|at most 2147483647)$`, response["message"])
	}
	for _, address := range []string{"null", "[]", "{}", `{"country":""}`, `{"country":1}`, `{"Country":"SE"}`} {
		status, _ := read("1", address)
		require.Equal(t, http.StatusBadRequest, status, address)
	}
	for _, products := range []string{"null", "{}", "[null]", "[1]", "[{}]", `[{"package":null}]`, `[{"package":{}}]`} {
		status, _ := post(t, PricingHandler(), "/backend/pricing", `{"products":`+products+`,"address":{"country":"SE"}}`)
		require.Equal(t, http.StatusBadRequest, status, products)
	}
}

func TestBoxesAreTheFewestThatHoldEverything(t *testing.T) {
	size := rapid.OneOf(rapid.Int64Range(0, math.MaxInt32), rapid.Int64Range(0, 1000))
	product := rapid.Custom(func(t *rapid.T) Package {
		return Package{size.Draw(t, "width"), size.Draw(t, "length"), size.Draw(t, "height"), size.Draw(t, "weight")}
	})
	rapid.Check(t, func(t *rapid.T) {
		packages := rapid.SliceOfN(product, 0, 100).Draw(t, "packages")
		volume, weight := new(big.Rat), new(big.Rat)
		for _, p := range packages {
			v := new(big.Rat).SetInt64(p.Width)
			v.Mul(v, new(big.Rat).SetInt64(p.Length)).Mul(v, new(big.Rat).SetInt64(p.Height))
			volume.Add(volume, v.Quo(v, big.NewRat(125_000_000, 1)))
			weight.Add(weight, big.NewRat(p.Weight, 12_000))
		}
		need := volume
		if weight.Cmp(need) > 0 {
			need = weight
		}
		got := new(big.Rat).SetInt(boxes(packages))
		require.GreaterOrEqual(t, got.Cmp(need), 0, "%v boxes hold less than %v", got, need)
		oneLess := new(big.Rat).Sub(got, big.NewRat(1, 1))
		require.Negative(t, oneLess.Cmp(need), "%v boxes are more than %v needs", got, need)
	})
}
