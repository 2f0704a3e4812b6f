package local

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/safehttp"
)

// The one key that signs requests on this machine.
const (
	accessKey = "local"
	secretKey = "local"
)

func localCredentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey, Source: "local"}, nil
}

// A neighbourSigner signs requests to neighbours: to stand-ins with this machine's key, and to real ones with the keys
// of an account, if there are any.
type neighbourSigner struct {
	standInHost   string
	standIn, real http.RoundTripper
}

func (s *Service) newNeighbourSigner() *neighbourSigner {
	next, own := safehttp.NewTransport(), aws.CredentialsProviderFunc(localCredentials)
	signer := &neighbourSigner{
		standInHost: strings.TrimPrefix(s.URL, "http://"),
		standIn:     safehttp.Sign(next, own, s.settings.Region),
	}
	signer.real = signer.standIn
	if keys := s.settings.Keys; keys.HasKeys() {
		account := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
		signer.real = safehttp.Sign(next, account, s.settings.Region)
	}
	return signer
}

// RoundTrip is http.RoundTripper's.
func (n *neighbourSigner) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host == n.standInHost {
		return n.standIn.RoundTrip(request)
	}
	return n.real.RoundTrip(request)
}
