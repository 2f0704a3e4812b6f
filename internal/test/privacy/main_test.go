package privacy

import (
	"testing"

	"orders/internal/test/testworld"
)

func TestMain(m *testing.M) { testworld.Main(m, 8) }
