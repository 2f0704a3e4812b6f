package acceptance

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"
)

// enabled names the variable by which `make acceptance` says that ENVIRONMENT and AWS_ENDPOINT_URL
// are meant for these tests. Without it they are ignored, because running all tests in a shell that
// is set up for an account must not create orders there.
const enabled = "ACCEPTANCE"

// TestAcceptance prints a line for each thing that it tested.
func TestAcceptance(t *testing.T) {
	getenv := os.Getenv
	if os.Getenv(enabled) == "" {
		getenv = func(string) string { return "" }
	}
	service, err := readTarget(getenv)
	require.NoError(t, err)
	if service.isLocal && service.endpoint == "" {
		service.endpoint, service.isOwn = startLocal(t), true
	}
	accept(t, service)
}

// accept runs all tests against a service, and then deletes the orders that they created.
func accept(t *testing.T, of target) {
	fmt.Println("Acceptance tests of the orders service,", of.name)
	s := find(t, of)
	t.Cleanup(func() { s.cleanUp(t) })
	for _, test := range []struct {
		name string
		run  func(*testing.T, *service)
	}{
		{"the peers accept what will be ordered", peersAccept},
		{"an order is created once", createdOnce},
		{"invalid requests are rejected", rejectedRequests},
		{"failed checks reject an order", checksReject},
		{"access needs credentials", access},
		{"fulfilment updates are applied", fulfilmentUpdates},
		{"orders are listed by status", listsByStatus},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

// cleanUp deletes the orders that were created. Only the table allows that, and the table of a
// local service cannot be reached. An order that cannot be deleted is reported, and is no failure
// of the service.
func (s *service) cleanUp(t *testing.T) {
	if s.isOwn {
		s.passed("nothing to clean up: the service was started for these tests")
		return
	}
	if s.isLocal {
		s.passed("not cleaned up: %d orders of a made-up user remain in the local service", len(s.created))
		return
	}
	ctx := context.WithoutCancel(t.Context())
	table := dynamodb.NewFromConfig(s.clients)
	for i, orderID := range s.created {
		_, err := table.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: aws.String(s.tableName),
			Key:       map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
		})
		if err != nil {
			s.passed("not cleaned up: cannot delete from table %s orders %v (%v)", s.tableName, s.created[i:], err)
			return
		}
	}
	s.passed("cleaned up: %d orders deleted from table %s", len(s.created), s.tableName)
}
