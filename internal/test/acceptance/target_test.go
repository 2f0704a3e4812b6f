package acceptance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/test/testworld"
)

// A target says which service to test.
type target struct {
	name        string // in words
	environment string // of the service: a part of the names of its parameters
	peers       string // the environment of its peers
	userID      string // who orders; empty means a made-up user
	token       string // of that user for the public API; empty leaves out what needs it
	products    string // the file of products to order; empty means the catalogue of the local service
	ghost       bool   // whether to send an update for an order that does not exist
	isLocal     bool
	isOwn       bool          // started for these tests alone
	endpoint    string        // of a local service
	region      string        // of a local service
	timeout     time.Duration // how long anything may take before it fails
}

// readTarget reads the target from the variables that README.md describes.
func readTarget(getenv func(name string) string) (target, error) {
	t := target{
		environment: cmp.Or(getenv("ENVIRONMENT"), "local"),
		userID:      getenv("ACCEPTANCE_USER"),
		token:       getenv("ACCEPTANCE_TOKEN"),
		products:    getenv("ACCEPTANCE_PRODUCTS"),
		ghost:       getenv("ACCEPTANCE_GHOST") == "yes",
	}
	t.peers = cmp.Or(getenv("ACCEPTANCE_PEERS"), t.environment)
	if t.environment == "local" {
		t.isLocal, t.ghost, t.timeout = true, true, 30*time.Second
		t.endpoint, t.region = getenv("AWS_ENDPOINT_URL"), cmp.Or(getenv("AWS_REGION"), testworld.Region)
		t.name = "on this machine"
		return t, nil
	}
	t.name, t.timeout = fmt.Sprintf("environment %s on AWS", t.environment), 2*time.Minute
	if t.products == "" {
		return t, errors.New("ACCEPTANCE_PRODUCTS must name a file of products that the platform sells; see README.md for its format")
	}
	if t.token != "" && t.userID == "" {
		return t, errors.New("ACCEPTANCE_USER must be the user whose token is ACCEPTANCE_TOKEN: its sub claim")
	}
	return t, nil
}

// config returns the configuration of AWS clients: for AWS, the one of this machine.
func (t target) config(ctx context.Context) (aws.Config, error) {
	if !t.isLocal {
		return config.LoadDefaultConfig(ctx)
	}
	return aws.Config{
		Region:       t.region,
		BaseEndpoint: aws.String(t.endpoint),
		Credentials:  credentials.StaticCredentialsProvider{Value: testworld.LocalCredentials},
	}, nil
}

// startLocal starts a local service for the time of the test, whose fake warehouse and delivery are
// off.
func startLocal(t *testing.T) (endpoint string) {
	t.Helper()
	endpoint, _ = testworld.StartLocal(t, local.Settings{})
	return endpoint
}

// A service is the running orders service under test, found by its parameters alone.
type service struct {
	target
	clients     aws.Config
	apiURL      string
	createOrder string // the ARN
	region      string // for which requests are signed
	tableName   string
	busName     string
	platform    platform
	user        string
	created     []string // the IDs of the orders that these tests created
}

// find reads from SSM what is needed to reach a service and its peers.
func find(t *testing.T, of target) *service {
	t.Helper()
	s := &service{target: of, user: cmp.Or(of.userID, uuid.NewString())}
	var err error
	s.clients, err = of.config(t.Context())
	require.NoError(t, err, "no access to AWS")
	own, peers := "/ecommerce/"+of.environment+"/", "/ecommerce/"+of.peers+"/"
	s.apiURL = s.parameter(t, own+"orders/api/url")
	s.createOrder = s.parameter(t, own+"orders/create-order/arn")
	s.tableName = s.parameter(t, own+"orders/table/name")
	s.busName = s.parameter(t, own+"platform/event-bus/name")
	function, err := arn.Parse(s.createOrder)
	require.NoError(t, err, "orders/create-order/arn")
	s.region = function.Region
	s.passed("the parameters name the service: %s, %s", s.apiURL, s.createOrder)
	if s.isLocal {
		r := s.send(t, http.MethodGet, s.apiURL+"/_local/token?sub="+url.QueryEscape(s.user), nil, unsigned)
		require.Equal(t, http.StatusOK, r.status, "no token for user %s", s.user)
		s.token = string(r.body)
	}
	s.platform = findPlatform(t, s, peers)
	return s
}

func (s *service) parameter(t *testing.T, name string) string {
	t.Helper()
	output, err := ssm.NewFromConfig(s.clients).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
	require.NoError(t, err, "cannot read the parameter %s", name)
	return aws.ToString(output.Parameter.Value)
}

// passed prints what was tested successfully.
func (s *service) passed(format string, values ...any) {
	fmt.Printf("  - "+format+"\n", values...)
}

// waitUntil polls, with backoff, until a condition holds.
func (s *service) waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	backoff := 10 * time.Millisecond
	for end := time.Now().Add(s.timeout); !holds(); backoff = min(2*backoff, time.Second) {
		require.True(t, time.Now().Before(end), "timed out after %v: %s", s.timeout, what)
		time.Sleep(backoff)
	}
}
