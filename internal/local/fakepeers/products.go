package fakepeers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"orders/internal/strictjson"
)

// A Package is the size of a product as it is shipped: lengths in millimetres, weight in grams.
type Package struct {
	Width  int64 `json:"width"`
	Length int64 `json:"length"`
	Height int64 `json:"height"`
	Weight int64 `json:"weight"`
}

// A Product is one product of the catalogue. Its price is in minor units.
type Product struct {
	ProductID string  `json:"productId"`
	Name      string  `json:"name"`
	Package   Package `json:"package"`
	Price     int64   `json:"price"`
}

// A Catalogue is the list of products that the fake products service sells. It must not be changed
// while a handler serves it.
type Catalogue []Product

// NewCatalogue returns eight products, one of them free. It is the same list every time.
func NewCatalogue() Catalogue {
	return Catalogue{
		{"7fc64069-20fb-4184-bc6a-061f6d689918", "Enamel mug", Package{Width: 120, Length: 120, Height: 110, Weight: 350}, 1290},
		{"fd367e9e-04d5-428e-9339-53f9b7af44a2", "Walnut chopping board", Package{Width: 250, Length: 400, Height: 30, Weight: 1600}, 4900},
		{"3eca094c-846f-4200-bb89-f85ca10eecb8", "Cast iron pan", Package{Width: 300, Length: 480, Height: 70, Weight: 2700}, 6450},
		{"cec9f405-5ed8-4559-a4c9-8fca02577a8b", "Linen tea towel", Package{Width: 200, Length: 250, Height: 20, Weight: 120}, 950},
		{"4bab7b92-189e-4276-a582-8721c5536c70", "Desk lamp", Package{Width: 220, Length: 450, Height: 220, Weight: 1900}, 7999},
		{"de8d22de-7d04-4b4b-8816-2f0733de8626", "Wool blanket", Package{Width: 350, Length: 400, Height: 150, Weight: 1400}, 8900},
		{"4baa1715-d0d3-42b3-8c64-2af3df0af584", "Folding chair", Package{Width: 500, Length: 900, Height: 120, Weight: 5200}, 5500},
		{"b7dbad49-d7e5-4207-9197-3fd6cfcc773e", "Colour sample card", Package{Width: 150, Length: 210, Height: 1, Weight: 15}, 0},
	}
}

func (c Catalogue) find(id string) (Product, bool) {
	i := slices.IndexFunc(c, func(p Product) bool { return p.ProductID == id })
	if i < 0 {
		return Product{}, false
	}
	return c[i], true
}

// ListHandler returns a handler that responds to every request with {"products"}, the whole
// catalogue.
func (c Catalogue) ListHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]Catalogue{"products": c})
	})
}

// ValidateHandler returns the handler of POST /backend/validate {"products"}. It responds with 200
// and only a message if every product is in the catalogue as the caller has it, and otherwise with
// 200, the correct products and the reasons. A product that is not in the catalogue is returned as
// the caller sent it, because an empty list would accept the order. Quantities are ignored.
func (c Catalogue) ValidateHandler() http.Handler {
	return route("/backend/validate", func(body strictjson.Object) any {
		var correct []any
		var reasons []string
		for _, sent := range body.Array("products", 0, maxItems) {
			product, _ := sent.(map[string]any)
			id, _ := product["productId"].(string)
			if id == "" {
				body.AddError("products", "each must have a productId")
				return nil
			}
			if known, found := c.find(id); !found {
				correct = append(correct, product)
				reasons = append(reasons, fmt.Sprintf("Product '%s' not found", id))
			} else if wrong := known.differences(product); len(wrong) > 0 {
				correct = append(correct, known)
				reasons = append(reasons, fmt.Sprintf("Wrong %s in product '%s'", strings.Join(wrong, ", "), id))
			}
		}
		if len(correct) == 0 {
			return message{"All products are valid"}
		}
		return map[string]any{"products": correct, "message": strings.Join(reasons, ". ")}
	})
}

// differences returns the names of the members that the caller's product lacks or has otherwise.
func (p Product) differences(product map[string]any) []string {
	var wrong []string
	if product["name"] != p.Name {
		wrong = append(wrong, "name")
	}
	size, _ := product["package"].(map[string]any)
	if !equal(size["width"], p.Package.Width) || !equal(size["length"], p.Package.Length) ||
		!equal(size["height"], p.Package.Height) || !equal(size["weight"], p.Package.Weight) {
		wrong = append(wrong, "package")
	}
	if !equal(product["price"], p.Price) {
		wrong = append(wrong, "price")
	}
	return wrong
}

// equal reports whether a JSON value is the number n, however it is written.
func equal(value any, n int64) bool {
	number, _ := value.(json.Number)
	got, whole := strictjson.Int64(number)
	return whole && got == n
}
