// Package floor has what the floors of cmd/bench share: AWS clients made from explicit options, and
// signed calls to peers, all traced. A floor is the least program that makes the same calls as one
// of the functions: no validation, no retries, no logs, no metrics.
package floor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-xray-sdk-go/v2/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

var credentials = aws.Credentials{
	AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
	SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
	SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
}

// Config returns the configuration of traced AWS clients.
func Config() aws.Config {
	cfg := aws.Config{
		Region:      os.Getenv("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	return cfg
}

// Endpoint returns the endpoint of an AWS service from the environment, or nil for AWS's own.
func Endpoint(service string) *string {
	if url := os.Getenv("AWS_ENDPOINT_URL_" + service); url != "" {
		return &url
	}
	return nil
}

var (
	peers  = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	signer = v4.NewSigner()
)

// Post sends a signed and traced request to a peer. The response must be JSON with status 200.
func Post(ctx context.Context, url string, in any) error {
	return xray.Capture(ctx, "check", func(ctx context.Context) error {
		body, err := json.Marshal(in)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		hash := sha256.Sum256(body)
		err = signer.SignHTTP(ctx, credentials, r, hex.EncodeToString(hash[:]), "execute-api", os.Getenv("AWS_REGION"), time.Now())
		if err != nil {
			return err
		}
		response, err := peers.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", url, response.Status)
		}
		if err != nil {
			return err
		}
		var out map[string]any
		return json.Unmarshal(text, &out)
	})
}
