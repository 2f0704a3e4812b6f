package fakepeers

import (
	"math/big"
	"net/http"

	"orders/internal/strictjson"
)

const (
	boxVolume = 500 * 500 * 500 // cubic millimetres
	boxWeight = 12_000          // grams
)

// PricingHandler returns the handler of POST /backend/pricing {"products", "address"}. It responds
// with {"pricing"}, in minor units: the number of boxes that the products' packages fill, times the
// fee for the address's country. Quantities are ignored. The price is exact and may exceed 64 bits.
func PricingHandler() http.Handler {
	return route("/backend/pricing", func(body strictjson.Object) any {
		var packages []Package
		for _, product := range body.Objects("products", 0, maxItems) {
			size := product.Object("package")
			packages = append(packages, Package{
				Width:  size.Integer("width", 0, maxInteger),
				Length: size.Integer("length", 0, maxInteger),
				Height: size.Integer("height", 0, maxInteger),
				Weight: size.Integer("weight", 0, maxInteger),
			})
		}
		country := body.Object("address").String("country")
		return map[string]*big.Int{"pricing": deliveryPrice(packages, country)}
	})
}

func deliveryPrice(packages []Package, country string) *big.Int {
	return new(big.Int).Mul(boxes(packages), big.NewInt(feePerBox(country)))
}

// boxes uses big.Int because three sides of 2,147,483,647 multiply to 93 bits.
func boxes(packages []Package) *big.Int {
	volume, weight := new(big.Int), new(big.Int)
	for _, p := range packages {
		v := new(big.Int).Mul(big.NewInt(p.Width), big.NewInt(p.Length))
		volume.Add(volume, v.Mul(v, big.NewInt(p.Height)))
		weight.Add(weight, big.NewInt(p.Weight))
	}
	byVolume, byWeight := divideUp(volume, boxVolume), divideUp(weight, boxWeight)
	if byVolume.Cmp(byWeight) > 0 {
		return byVolume
	}
	return byWeight
}

func divideUp(n *big.Int, by int64) *big.Int {
	sum := new(big.Int).Add(n, big.NewInt(by-1))
	return sum.Quo(sum, big.NewInt(by))
}

// feePerBox has the original's list, in which "PO" stands for Poland.
func feePerBox(country string) int64 {
	switch country {
	case "DK", "FI", "NO", "SE":
		return 0
	case "AT", "BE", "BG", "CY", "CZ", "DE", "EE", "ES", "FR", "GR", "HR", "HU",
		"IE", "IT", "LT", "LU", "LV", "MT", "NL", "PO", "PT", "RO", "SI", "SK":
		return 1000
	case "CA", "US":
		return 1500
	default:
		return 2500
	}
}
