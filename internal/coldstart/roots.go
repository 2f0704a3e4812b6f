package coldstart

import (
	"crypto/x509"
	"os"
)

// loadRoots returns the root certificates of the system's bundle, or nil for crypto/x509's own
// choice. Left to itself, crypto/x509 also reads whole directories, whatever was in the bundle: on
// Amazon Linux they contain the same bundle again, twice, and on Debian each certificate again.
func loadRoots() *x509.CertPool {
	if os.Getenv("SSL_CERT_DIR") != "" {
		return nil
	}
	files := []string{os.Getenv("SSL_CERT_FILE")}
	if files[0] == "" {
		files = []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"} // Amazon Linux, Debian
	}
	for _, file := range files {
		bundle, err := os.ReadFile(file)
		if roots := x509.NewCertPool(); err == nil && roots.AppendCertsFromPEM(bundle) {
			return roots
		}
	}
	return nil
}
