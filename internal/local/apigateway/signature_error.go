package apigateway

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// A SignatureError says why a request was rejected, in API Gateway's words. Both fields are meant
// for the client.
type SignatureError struct {
	Type    string // for the header x-amzn-ErrorType
	Message string // for the member "message" of the response
}

// Error returns the message. It contains what a client put into its Authorization header only as a
// hash, because that may be a token or a secret.
func (e *SignatureError) Error() string { return e.Message }

func missingToken() error {
	return &SignatureError{"MissingAuthenticationTokenException", "Missing Authentication Token"}
}

func unknownKey() error {
	return &SignatureError{"UnrecognizedClientException", "The security token included in the request is invalid."}
}

func incomplete(message string) error {
	return &SignatureError{"IncompleteSignatureException", message}
}

func invalidSignature(message string) error {
	return &SignatureError{"InvalidSignatureException", message}
}

func notSigned(header string) error {
	return invalidSignature(header + " must be a 'SignedHeader' in the AWS Authorization.")
}

func wrongSignature() error {
	return invalidSignature("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

func expired(signedAt, now time.Time, lifetime time.Duration) error {
	return invalidSignature(fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %d min.)",
		signedAt.Format(timeLayout), now.Add(-lifetime).Format(timeLayout), now.Format(timeLayout), int(lifetime.Minutes())))
}

func notYetCurrent(signedAt, now time.Time) error {
	return invalidSignature(fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %d min.)",
		signedAt.Format(timeLayout), now.Add(clockSkew).Format(timeLayout), now.Format(timeLayout), int(clockSkew.Minutes())))
}

const hashedNote = "(hashed with SHA-256 and encoded with Base64)"

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func hashedAuthorization(text string) string {
	return " (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(text)
}
