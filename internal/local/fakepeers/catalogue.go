package fakepeers

import "slices"

// Catalogue is what the products stand-in sells. It is not written to once a
// handler serves it.
type Catalogue []Product

// NewCatalogue lists eight products, a free one among them. It is the same
// list every time.
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
