package coldstart

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"slices"
)

// roots are the root certificates of the system's bundle, in DER. Nil means crypto/x509's own
// choice. Parsing the bundle's 144 certificates is what costs most at start, and a handshake needs
// one of them.
type roots [][]byte

// loadRoots reads the bundle. Left to itself, crypto/x509 also reads whole directories, whatever
// was in the bundle: on Amazon Linux they contain the same bundle again, twice, and on Debian each
// certificate again.
func loadRoots() roots {
	if os.Getenv("SSL_CERT_DIR") != "" {
		return nil
	}
	files := []string{os.Getenv("SSL_CERT_FILE")}
	if files[0] == "" {
		files = []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"} // Amazon Linux, Debian
	}
	for _, file := range files {
		bundle, err := os.ReadFile(file)
		if found := decode(bundle); err == nil && slices.ContainsFunc(found, isCertificate) {
			return found
		}
	}
	return nil
}

// decode returns the certificates of a bundle, and skips what else is in it.
func decode(bundle []byte) (found roots) {
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return found
		}
		if block.Type == "CERTIFICATE" && len(block.Headers) == 0 {
			found = append(found, block.Bytes)
		}
	}
}

func isCertificate(der []byte) bool {
	_, err := x509.ParseCertificate(der)
	return err == nil
}

// verify verifies the certificates that a server sent, its own first, as crypto/tls does.
func (r roots) verify(sent []*x509.Certificate, host string) error {
	options := x509.VerifyOptions{Roots: r.issuersOf(sent), DNSName: host, Intermediates: x509.NewCertPool()}
	for _, cert := range sent[1:] {
		options.Intermediates.AddCert(cert)
	}
	if _, err := sent[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: sent, Err: err}
	}
	return nil
}

// issuersOf returns every root that can have issued one of the certificates, or nil for
// crypto/x509's own choice. Such a root contains the issuer's name, as its subject. A root that
// contains it elsewhere is harmless.
func (r roots) issuersOf(certs []*x509.Certificate) *x509.CertPool {
	if r == nil {
		return nil
	}
	pool := x509.NewCertPool()
	for _, der := range r {
		if !slices.ContainsFunc(certs, func(cert *x509.Certificate) bool { return bytes.Contains(der, cert.RawIssuer) }) {
			continue
		}
		if root, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(root)
		}
	}
	return pool
}
