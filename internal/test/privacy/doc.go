// Package privacy tests that no address and no payment token reaches the logs, metrics, traces and
// error texts. The four binaries run at LOG_LEVEL=DEBUG and with tracing on, receive marked values
// by every way that there is, and call peers and AWS services that fail in every way and repeat
// what they received. Whatever the functions write is then searched for the marks.
package privacy
