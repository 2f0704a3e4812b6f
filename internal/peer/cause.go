package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// safeCause is the part of a transport's error that operators may read. It lets through only what is known to hold
// nothing of request or answer: net/http, for one, quotes the line of an answer that it cannot read, and a peer may
// have put anything there.
func safeCause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e, ok := errors.AsType[*signingError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.OpError](err); ok { // addresses and what the system says: refused, reset, unknown host
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return errors.New("timed out")
	}
	return errors.New("gave no well-formed HTTP answer")
}
