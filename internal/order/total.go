package order

import (
	"errors"
	"math"
	"math/big"
)

// MaxInteger is the largest integer in an order, totals included, because the frontend's GraphQL
// has no larger one.
const MaxInteger = math.MaxInt32

var errOverflow = errors.New("the total overflows 64 bits")

// A Line is what fulfilment and the total need to know of a product of an order.
type Line struct {
	ProductID string
	Price     int64 // minor units for one piece
	Quantity  int64 // pieces; 0 if none was packed
}

// total returns the sum of price x quantity, plus the delivery price. A sum beyond 64 bits, which
// only an item that this service did not write can have, is an error.
func total(lines []Line, deliveryPrice int64) (int64, error) {
	sum := big.NewInt(deliveryPrice)
	for _, l := range lines {
		product := big.NewInt(l.Price)
		sum.Add(sum, product.Mul(product, big.NewInt(l.Quantity)))
	}
	if !sum.IsInt64() {
		return 0, errOverflow
	}
	return sum.Int64(), nil
}

func linesOf(products []Product) []Line {
	lines := make([]Line, len(products))
	for i, p := range products {
		lines[i] = Line{ProductID: p.ProductID, Price: p.Price, Quantity: p.Quantity}
	}
	return lines
}
