// Package hostile keeps requests that nobody means well by, and a wire that sends them just as they are written. Its
// tests generate them, and show that the service refuses every one and goes on as if nothing had been; package load
// sends them beside good orders.
package hostile
