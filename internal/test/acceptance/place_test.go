package acceptance

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
)

// A place is where a service runs.
type place struct {
	name        string // in words
	environment string // that the service was deployed for: a part of the names of its parameters
	neighbours  string // the same of its neighbours
	userID      string // who orders; empty: somebody made up
	products    string // the file of what to order; empty: the catalogue of the local service
	ghost       bool   // whether to report of an order that does not exist
	isLocal     bool
	isOwn       bool          // started for these tests alone
	endpoint    string        // of a local service
	region      string        // of a local service
	patience    time.Duration // how long anything may take before it counts as broken
}

// placeOf reads where the service is from the variables that the README names.
func placeOf(ctx context.Context, getenv func(name string) string) (place, error) {
	p := place{
		environment: cmp.Or(getenv("ENVIRONMENT"), "local"),
		userID:      getenv("ACCEPTANCE_USER"),
		products:    getenv("ACCEPTANCE_PRODUCTS"),
		ghost:       getenv("ACCEPTANCE_GHOST") == "yes",
	}
	p.neighbours = cmp.Or(getenv("ACCEPTANCE_NEIGHBOURS"), p.environment)
	if p.environment == "local" {
		p.isLocal, p.ghost, p.patience = true, true, 30*time.Second
		p.endpoint, p.region = getenv("AWS_ENDPOINT_URL"), cmp.Or(getenv("AWS_REGION"), "eu-west-1")
		p.name = "on this machine"
		return p, nil
	}
	p.name, p.patience = fmt.Sprintf("environment %s on AWS", p.environment), 2*time.Minute
	if p.products == "" {
		return p, errors.New("ACCEPTANCE_PRODUCTS must name a file of products that the platform sells; the README says how to make it")
	}
	return p, nil
}

// config is what clients of AWS need: of AWS itself, whatever the machine has been set up with.
func (p place) config(ctx context.Context) (aws.Config, error) {
	if !p.isLocal {
		return config.LoadDefaultConfig(ctx)
	}
	return aws.Config{
		Region:       p.region,
		BaseEndpoint: aws.String(p.endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}, nil
}

// startLocal starts a service until the test is over, in which nobody but these tests packs and delivers.
func startLocal(t *testing.T) (endpoint string) {
	t.Helper()
	settings, err := local.ReadSettings(func(name string) string {
		return map[string]string{"PORT": "0", "FULFILMENT": "off"}[name]
	})
	require.NoError(t, err)
	log := &lines{}
	s, err := local.Start(t.Context(), settings, log)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
		if t.Failed() {
			t.Log("The service printed:\n" + log.String())
		}
	})
	return s.URL
}

// lines is what a service prints.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
