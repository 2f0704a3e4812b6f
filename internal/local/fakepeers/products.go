package fakepeers

import (
	"fmt"
	"net/http"
	"strings"
)

// Package is the size of a product as it is shipped: lengths in millimetres,
// weight in grams.
type Package struct {
	Width  int64 `json:"width"`
	Length int64 `json:"length"`
	Height int64 `json:"height"`
	Weight int64 `json:"weight"`
}

// Product is one thing on sale; its price is in minor units.
type Product struct {
	ProductID string  `json:"productId"`
	Name      string  `json:"name"`
	Package   Package `json:"package"`
	Price     int64   `json:"price"`
}

// ListHandler answers every request with {"products"}, the whole catalogue.
func (c Catalogue) ListHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]Catalogue{"products": c})
	})
}

// ValidateHandler answers POST /backend/validate {"products"}: 200 with only a
// message when every product stands in the catalogue as the caller has it,
// otherwise 200 with the products as they should be and the reasons why. A
// product that the catalogue does not have comes back as the caller sent it:
// an empty list would read as a yes. Quantities are not looked at.
func (c Catalogue) ValidateHandler() http.Handler {
	return route("/backend/validate", func(body object) (any, error) {
		products, err := body.children("products")
		if err != nil {
			return nil, err
		}
		var correct []any
		var reasons []string
		for i, product := range products {
			id, err := product.text("productId")
			if err != nil {
				return nil, fmt.Errorf("products[%d]: %w", i, err)
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
			return message{"All products are valid"}, nil
		}
		return map[string]any{"products": correct, "message": strings.Join(reasons, ". ")}, nil
	})
}

// differences names what the caller's product has otherwise, or not at all.
func (p Product) differences(product object) []string {
	var wrong []string
	if name, err := product.text("name"); err != nil || name != p.Name {
		wrong = append(wrong, "name")
	}
	if size, err := product.parcel("package"); err != nil || size != p.Package {
		wrong = append(wrong, "package")
	}
	if price, err := product.integer("price", 0); err != nil || price != p.Price {
		wrong = append(wrong, "price")
	}
	return wrong
}
