// Package redact makes errors tellable. What net/http or the AWS SDK puts into the text of an error may quote a request
// or an answer, and so an order's address or payment token; logs, traces and answers must hold neither.
package safehttp
