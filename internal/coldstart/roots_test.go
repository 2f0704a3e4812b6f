package coldstart

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An authority is a certificate that issues others.
type authority struct {
	*x509.Certificate
	key crypto.Signer
}

// issue returns a certificate for a name, which an authority has signed, or its own key.
func (a *authority) issue(t *testing.T, name string, change func(*x509.Certificate)) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	signer := a
	if signer == nil {
		signer = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.Certificate, key.Public(), signer.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key}
}

func bundleOf(certs ...*authority) (bundle []byte) {
	for _, c := range certs {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return bundle
}

func TestVerifyDecidesLikeTheWholeBundle(t *testing.T) {
	isCA := func(c *x509.Certificate) { c.IsCA = true }
	expired := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
	self := (*authority)(nil)
	root, impostor := self.issue(t, "Root", isCA), self.issue(t, "Root", isCA)
	unknown := self.issue(t, "Unknown", isCA)
	intermediate := root.issue(t, "Intermediate", isCA)
	expiredIntermediate := root.issue(t, "Intermediate", func(c *x509.Certificate) {
		isCA(c)
		expired(c)
	})
	trusted, trustedSelf := unknown.issue(t, "host.example", nil), self.issue(t, "host.example", nil)
	const host = "host.example"
	bundle := bytes.Join([][]byte{
		[]byte("# comments\n"),
		bundleOf(self.issue(t, "Other", isCA), root, self.issue(t, "Root", isCA), trusted, trustedSelf),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append([]byte("broken"), root.RawSubject...)}),
		pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: unknown.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"a": "b"}, Bytes: unknown.Raw}),
	}, nil)
	whole := x509.NewCertPool()
	require.True(t, whole.AppendCertsFromPEM(bundle))

	for name, test := range map[string]struct {
		sent     []*authority
		host     string
		accepted bool
	}{
		"issued by a root":            {[]*authority{root.issue(t, host, nil)}, host, true},
		"by an intermediate":          {[]*authority{intermediate.issue(t, host, nil), intermediate}, host, true},
		"with a certificate too many": {[]*authority{root.issue(t, host, nil), unknown}, host, true},
		"with the root":               {[]*authority{root.issue(t, host, nil), root}, host, true},
		"itself in the bundle":        {[]*authority{trusted}, host, true},
		"itself, signed by itself":    {[]*authority{trustedSelf}, host, true},
		"another of two":              {[]*authority{intermediate.issue(t, host, nil), expiredIntermediate, intermediate}, host, true},
		"without the intermediate":    {[]*authority{intermediate.issue(t, host, nil)}, host, false},
		"of another host":             {[]*authority{root.issue(t, "other.example", nil)}, host, false},
		"of another host, trusted":    {[]*authority{trusted}, "other.example", false},
		"expired":                     {[]*authority{root.issue(t, host, expired)}, host, false},
		"expired intermediate":        {[]*authority{intermediate.issue(t, host, nil), expiredIntermediate}, host, false},
		"of an impostor":              {[]*authority{impostor.issue(t, host, nil), impostor}, host, false},
		"of an unknown root":          {[]*authority{unknown.issue(t, host, nil), unknown}, host, false},
		"signed by itself":            {[]*authority{self.issue(t, host, nil)}, host, false},
	} {
		t.Run(name, func(t *testing.T) {
			sent, intermediates := []*x509.Certificate{}, x509.NewCertPool()
			for _, c := range test.sent {
				sent = append(sent, c.Certificate)
				intermediates.AddCert(c.Certificate)
			}
			_, want := sent[0].Verify(x509.VerifyOptions{Roots: whole, DNSName: test.host, Intermediates: intermediates})
			require.Equal(t, test.accepted, want == nil, "by crypto/x509 with the whole bundle: %v", want)
			got := decode(bundle).verify(sent, test.host)
			require.Equal(t, test.accepted, got == nil, got)
			if want != nil {
				require.ErrorAs(t, got, new(*tls.CertificateVerificationError))
				require.IsType(t, want, got.(*tls.CertificateVerificationError).Err)
			}
		})
	}
}

func TestOnlyIssuersAreParsed(t *testing.T) {
	isCA := func(c *x509.Certificate) { c.IsCA = true }
	self := (*authority)(nil)
	root := self.issue(t, "Root", isCA)
	bundle := decode(bundleOf(self.issue(t, "Other", isCA), root, self.issue(t, "Another", isCA)))
	want := x509.NewCertPool()
	want.AddCert(root.Certificate)
	require.True(t, want.Equal(bundle.issuersOf([]*x509.Certificate{root.issue(t, "host.example", nil).Certificate})))
}

func TestRootsAreThoseOfOneBundle(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	root := (*authority)(nil).issue(t, "Root", nil)
	require.NoError(t, os.WriteFile(file, bundleOf(root), 0o600))
	t.Setenv("SSL_CERT_FILE", file)
	t.Setenv("SSL_CERT_DIR", "")
	require.Equal(t, roots{root.Raw}, loadRoots())

	for _, unusable := range []string{"", "no certificates", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("broken")}))} {
		require.NoError(t, os.WriteFile(file, []byte(unusable), 0o600))
		require.Nil(t, loadRoots())
	}
	t.Setenv("SSL_CERT_DIR", "/somewhere")
	require.Nil(t, loadRoots(), "crypto/x509 knows what to do")
	t.Setenv("SSL_CERT_DIR", "")
	t.Setenv("SSL_CERT_FILE", "/missing")
	require.Nil(t, loadRoots())
	require.Nil(t, loadRoots().issuersOf([]*x509.Certificate{root.Certificate}), "crypto/x509's own choice")
}

func TestCertificateOfAnotherHostIsRefused(t *testing.T) {
	h := startHost(t, true) // whose certificate names 127.0.0.1 and example.com
	c := newConnections(newTransport(t))
	dial := c.dial
	conn, err := c.dialTLS(t.Context(), "tcp", h.Listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	c.dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, h.Listener.Addr().String())
	}
	_, err = c.dialTLS(t.Context(), "tcp", "other.example:443")
	require.ErrorAs(t, err, new(x509.HostnameError))
	_, err = c.dialTLS(t.Context(), "tcp", ":443")
	require.ErrorContains(t, err, "no host")
}

// The root certificates' part of a start, with the system's bundle.
func BenchmarkRoots(b *testing.B) {
	b.Setenv("SSL_CERT_DIR", "")
	all := loadRoots()
	if len(all) == 0 {
		b.Skip("this system has no bundle that loadRoots knows")
	}
	issuer, err := x509.ParseCertificate(all[len(all)/2])
	require.NoError(b, err)
	var bundle []byte
	for _, der := range all {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	b.Run("all parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.True(b, x509.NewCertPool().AppendCertsFromPEM(bundle))
		}
	})
	b.Run("issuers parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NotNil(b, decode(bundle).issuersOf([]*x509.Certificate{issuer}))
		}
	})
}
