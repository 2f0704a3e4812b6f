package fakepeers

import "net/http"

// A SampleOrder is a body for POST /orders that every fake peer accepts.
type SampleOrder struct {
	Products      []SampleLine  `json:"products"`
	Address       SampleAddress `json:"address"`
	DeliveryPrice int64         `json:"deliveryPrice"` // minor units
	PaymentToken  string        `json:"paymentToken"`
}

// A SampleLine is a product of the catalogue with a quantity.
type SampleLine struct {
	Product
	Quantity int64 `json:"quantity"`
}

// A SampleAddress is an address with every field that the service knows.
type SampleAddress struct {
	Name          string `json:"name"`
	CompanyName   string `json:"companyName"`
	StreetAddress string `json:"streetAddress"`
	PostCode      string `json:"postCode"`
	City          string `json:"city"`
	State         string `json:"state"`
	Country       string `json:"country"`
	PhoneNumber   string `json:"phoneNumber"`
}

// NewSampleOrder returns an order for one of the catalogue's first product, two of the second and
// three of the third, with a new token for exactly the total.
func NewSampleOrder(c Catalogue, p *Payment) SampleOrder {
	var lines []SampleLine
	for i, product := range c[:min(3, len(c))] {
		lines = append(lines, SampleLine{product, int64(i + 1)})
	}
	return NewOrder(lines, fictionalAddress().Country, p)
}

// NewOrder returns an order that every fake peer accepts, with a new token for exactly the total.
func NewOrder(lines []SampleLine, country string, p *Payment) SampleOrder {
	o := SampleOrder{Products: lines, Address: fictionalAddress()}
	o.Address.Country = country
	var packages []Package
	for _, line := range lines {
		packages = append(packages, line.Package)
	}
	o.DeliveryPrice = deliveryPrice(packages, country).Int64()
	o.PaymentToken = p.Preauthorize(o.Total())
	return o
}

// Total returns what the order costs, in minor units.
func (o SampleOrder) Total() int64 {
	total := o.DeliveryPrice
	for _, line := range o.Products {
		total += line.Price * line.Quantity
	}
	return total
}

// fictionalAddress has a telephone number of the range that is reserved for fiction.
func fictionalAddress() SampleAddress {
	return SampleAddress{
		Name:          "Ada Example",
		CompanyName:   "Example Company",
		StreetAddress: "100 Sample Street",
		PostCode:      "98101",
		City:          "Seattle",
		State:         "WA",
		Country:       "US",
		PhoneNumber:   "+1-206-555-0142",
	}
}

// SampleOrderHandler returns a handler that responds to every request with a new sample order.
func SampleOrderHandler(c Catalogue, p *Payment) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, NewSampleOrder(c, p))
	})
}
