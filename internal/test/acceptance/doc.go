// Package acceptance holds the tests that whoever has deployed the service, or started it, puts it to: through its public
// faces alone, which SSM tells. `make acceptance` runs them against AWS or a service on this machine; without it, as a part
// of all tests, they start a service of their own.
package acceptance
