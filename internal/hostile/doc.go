// Package hostile keeps requests that nobody means well by, and tests that the service refuses every one of them and
// goes on as if nothing had been.
package hostile
