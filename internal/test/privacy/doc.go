// Package privacy holds the tests that nothing of a customer's address and no payment token leaves the service for where
// operators look: the four binaries are run at LOG_LEVEL=DEBUG and with tracing on, given marked values by every way that
// there is, among neighbours and AWS services that fail in every way and repeat what they were told. Whatever the
// functions print, the texts of their errors and the datagrams of their traces are then searched for the marks.
package privacy
