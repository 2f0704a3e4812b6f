// Package hostile is a corpus of hostile requests, and a client that sends them byte by byte as
// they are written. Its tests generate the corpus, and show that the service rejects every request
// and then works as before. Package load sends the corpus beside valid orders.
package hostile
