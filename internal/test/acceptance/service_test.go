package acceptance

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// A service is what is put to the test: a running orders service, found by its parameters alone.
type service struct {
	place
	clients     aws.Config
	apiURL      string
	createOrder string // the ARN
	region      string // in which requests are signed
	tableName   string
	busName     string
	platform    platform
	user        string
	made        []string // the ids of the orders that there are because of these tests
}

// find asks SSM for everything that is needed to reach a service and its neighbours.
func find(t *testing.T, where place) *service {
	t.Helper()
	s := &service{place: where, user: cmp.Or(where.userID, uuid.NewString())}
	var err error
	s.clients, err = where.config(t.Context())
	require.NoError(t, err, "no access to AWS")
	own, others := "/ecommerce/"+where.environment+"/", "/ecommerce/"+where.neighbours+"/"
	s.apiURL = s.parameter(t, own+"orders/api/url")
	s.createOrder = s.parameter(t, own+"orders/create-order/arn")
	s.tableName = s.parameter(t, own+"orders/table/name")
	s.busName = s.parameter(t, own+"platform/event-bus/name")
	function, err := arn.Parse(s.createOrder)
	require.NoError(t, err, "orders/create-order/arn")
	s.region = function.Region
	s.found("SSM tells where the service is: %s, %s", s.apiURL, s.createOrder)
	s.platform = findPlatform(t, s, others)
	return s
}

func (s *service) parameter(t *testing.T, name string) string {
	t.Helper()
	output, err := ssm.NewFromConfig(s.clients).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
	require.NoError(t, err, "the parameter %s cannot be read", name)
	return aws.ToString(output.Parameter.Value)
}

// found tells of something that is as it should be.
func (s *service) found(format string, values ...any) {
	fmt.Printf("  - "+format+"\n", values...)
}

// waitFor asks again and again, ever less often, until the answer is yes.
func (s *service) waitFor(t *testing.T, what string, arrived func() bool) {
	t.Helper()
	const rarest = time.Second
	pause := 10 * time.Millisecond
	for end := time.Now().Add(s.patience); !arrived(); pause = min(2*pause, rarest) {
		require.True(t, time.Now().Before(end), "waited %v in vain: %s", s.patience, what)
		time.Sleep(pause)
	}
}
