// Package environment reads a function's configuration at startup: its environment variables, and
// the region and credentials that Lambda adds to them.
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

// A Reader reads variables and collects all errors, so that a deployer sees every one at once. Its
// methods return zero values for what is missing; check Err before you use any of them.
type Reader struct {
	getenv  func(name string) string
	missing []string
	invalid []string
}

// NewReader returns a Reader of the variables that getenv returns; outside of tests, getenv is
// os.Getenv.
func NewReader(getenv func(name string) string) *Reader { return &Reader{getenv: getenv} }

// Text returns a required variable.
func (r *Reader) Text(name string) string {
	text := r.getenv(name)
	if text == "" {
		r.missing = append(r.missing, name)
	}
	return text
}

// URL returns a required variable that must be an http or https URL. A slash at its end is removed.
func (r *Reader) URL(name string) string { return r.checkURL(name, r.Text(name)) }

// OptionalURL returns a variable that must be a URL unless it is missing or empty.
func (r *Reader) OptionalURL(name string) string { return r.checkURL(name, r.getenv(name)) }

func (r *Reader) checkURL(name, text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		r.invalid = append(r.invalid, name+" must be an http or https URL without user, query or fragment")
	}
	return strings.TrimRight(text, "/")
}

// Parse returns a required variable as parse returns it.
func Parse[T any](r *Reader, name string, parse func(text string) (T, error)) T {
	var value T
	if text := r.Text(name); text != "" {
		var err error
		if value, err = parse(text); err != nil {
			r.invalid = append(r.invalid, fmt.Sprintf("%s: %v", name, err))
		}
	}
	return value
}

// AWS returns the configuration of AWS clients. It is made from the variables that Lambda sets,
// because the SDK's default chain takes several milliseconds more and looks in places that a
// function does not have.
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

// Endpoint returns the endpoint of an AWS service, or "" for AWS's own. It reads the variables that
// the SDKs define: AWS_ENDPOINT_URL_<SERVICE>, then AWS_ENDPOINT_URL.
func (r *Reader) Endpoint(service string) string {
	name := "AWS_ENDPOINT_URL_" + service
	return cmp.Or(r.OptionalURL(name), r.OptionalURL("AWS_ENDPOINT_URL"))
}

// Err returns nil if every variable read so far is valid, and otherwise one error that names all
// missing and invalid ones.
func (r *Reader) Err() error {
	var parts []string
	if len(r.missing) > 0 {
		parts = append(parts, "missing environment variables: "+strings.Join(r.missing, ", "))
	}
	if parts = append(parts, r.invalid...); len(parts) == 0 {
		return nil
	}
	return errors.New(strings.Join(parts, "; "))
}
