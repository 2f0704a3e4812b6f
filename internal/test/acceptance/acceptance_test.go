package acceptance

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// asked names the variable by which `make acceptance` says that ENVIRONMENT and AWS_ENDPOINT_URL are meant for these
// tests. Without it neither is looked at: whoever runs all tests in a shell that is set up for an account must not make
// orders there.
const asked = "ACCEPTANCE"

// TestAcceptance tells in words what it found, line by line.
func TestAcceptance(t *testing.T) {
	getenv := os.Getenv
	if os.Getenv(asked) == "" {
		getenv = func(string) string { return "" }
	}
	where, err := placeOf(t.Context(), getenv)
	require.NoError(t, err)
	if where.isLocal && where.endpoint == "" {
		where.endpoint, where.isOwn = startLocal(t), true
	}
	accept(t, where)
}

// accept puts the service of a place through all journeys, and then removes what they made.
func accept(t *testing.T, where place) {
	fmt.Println("Acceptance of the orders service,", where.name)
	s := find(t, where)
	t.Cleanup(func() { s.cleanUp(t) })
	for _, journey := range []struct {
		name string
		run  func(*testing.T, *service)
	}{
		{"the neighbours agree to what will be ordered", neighboursAgree},
		{"an order is created once", createdOnce},
		{"requests are refused with a reason", refused},
		{"checks say no", checksSayNo},
		{"services and users are let in by their credentials", access},
		{"an order follows what is reported of it", follows},
	} {
		t.Run(journey.name, func(t *testing.T) { journey.run(t, s) })
	}
}
