package safehttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// Exchange is what may be told of an HTTP exchange that failed with err, or nil for nil: that time was up, that the
// connection ended, what the operating system said of an address, or what is wrong with a certificate.
//
// It lets through only what is known to hold nothing of request or answer: net/http, for one, quotes the line of an
// answer that it cannot read, one that came too late included, and whoever gave that may have repeated the request.
func Exchange(err error) error {
	for _, known := range []error{nil, context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok { // addresses and what the system says: refused, reset, unknown host
		return failed
	}
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return failed
	}
	if failed, ok := errors.AsType[net.Error](err); ok && failed.Timeout() {
		return errTimeout
	}
	return errIllFormed
}

var (
	errTimeout   = errors.New("timed out")
	errIllFormed = errors.New("no well-formed HTTP answer came")
)
