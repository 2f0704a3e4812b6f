// Package environment reads what a function is given at start: its variables, and the region and credentials that
// Lambda puts beside them.
package environment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A Reader reads variables and remembers what is wrong with them, so that a deployer hears of all faults at once.
// Its methods return empty values for what is missing; Err must be asked before any of them is used.
type Reader struct {
	getenv  func(name string) string
	missing []string
	faulty  []string
}

// NewReader reads variables through getenv, which is os.Getenv outside tests.
func NewReader(getenv func(name string) string) *Reader { return &Reader{getenv: getenv} }

// Text is a variable that must be there.
func (r *Reader) Text(name string) string {
	text := r.getenv(name)
	if text == "" {
		r.missing = append(r.missing, name)
	}
	return text
}

// URL is a variable that must be there and hold an http or https URL. It comes without a slash at its end.
func (r *Reader) URL(name string) string { return r.checkURL(name, r.Text(name)) }

// OptionalURL is a variable that may be missing or empty, and otherwise holds a URL.
func (r *Reader) OptionalURL(name string) string { return r.checkURL(name, r.getenv(name)) }

func (r *Reader) checkURL(name, text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		r.faulty = append(r.faulty, name+" must be an http or https URL without user, query or fragment")
	}
	return strings.TrimRight(text, "/")
}

// Parse is a variable that must be there and that parse can read.
func Parse[T any](r *Reader, name string, parse func(text string) (T, error)) T {
	var value T
	if text := r.Text(name); text != "" {
		var err error
		if value, err = parse(text); err != nil {
			r.faulty = append(r.faulty, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return value
}

// AWS is what clients of AWS need. It is made from the variables that Lambda sets instead of the SDK's default chain,
// which starts several milliseconds slower and asks places that a function does not have.
func (r *Reader) AWS() aws.Config {
	return aws.Config{
		Region: r.Text("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			c := aws.Credentials{
				AccessKeyID:     r.getenv("AWS_ACCESS_KEY_ID"),
				SecretAccessKey: r.getenv("AWS_SECRET_ACCESS_KEY"),
				SessionToken:    r.getenv("AWS_SESSION_TOKEN"),
				Source:          "environment",
			}
			if !c.HasKeys() {
				return c, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
			}
			return c, nil
		}),
	}
}

// Endpoint is where clients of an AWS service shall turn to instead of AWS, empty for AWS itself. It follows the
// SDKs' own variables: AWS_ENDPOINT_URL_<SERVICE> before AWS_ENDPOINT_URL.
func (r *Reader) Endpoint(service string) string {
	name := "AWS_ENDPOINT_URL_" + service
	return cmp.Or(r.OptionalURL(name), r.OptionalURL("AWS_ENDPOINT_URL"))
}

// Err is nil if everything read was there and right, and otherwise one message that names all that was not.
func (r *Reader) Err() error {
	var parts []string
	if len(r.missing) > 0 {
		parts = append(parts, "missing environment variables: "+strings.Join(r.missing, ", "))
	}
	if parts = append(parts, r.faulty...); len(parts) == 0 {
		return nil
	}
	return errors.New(strings.Join(parts, "; "))
}
