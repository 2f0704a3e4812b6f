package order

import (
	"errors"
	"math"
	"math/bits"
)

// MaxInteger is the largest integer in any order, totals included: the frontend's GraphQL knows no larger one.
const MaxInteger = math.MaxInt32

var errOverflow = errors.New("the total does not fit an integer")

// A Line is what money and fulfilment need to know of a product of an order.
type Line struct {
	ProductID string
	Price     int64 // minor units for one piece
	Quantity  int64 // pieces; 0 once the line turned out not to be packed
}

// total sums price x quantity and the delivery price. It never wraps around: sums beyond 64 bits, which only items
// that this service did not write could have, are an error.
func total(lines []Line, deliveryPrice int64) (int64, error) {
	sum := deliveryPrice
	for _, l := range lines {
		product, ok := multiply(l.Price, l.Quantity)
		if !ok {
			return 0, errOverflow
		}
		next := sum + product
		if (next > sum) != (product > 0) && product != 0 {
			return 0, errOverflow
		}
		sum = next
	}
	return sum, nil
}

func multiply(a, b int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(a), magnitude(b))
	if high != 0 || low > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(low), true
	}
	return int64(low), true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func linesOf(products []Product) []Line {
	lines := make([]Line, len(products))
	for i, p := range products {
		lines[i] = Line{ProductID: p.ProductID, Price: p.Price, Quantity: p.Quantity}
	}
	return lines
}
