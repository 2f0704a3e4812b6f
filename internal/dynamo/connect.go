package dynamo

import (
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// maxGreeting is more than the table's endpoint says when it is asked for nothing.
const maxGreeting = 4 << 10

// Connect opens a connection, for the next call to find it ready. It asks the endpoint's root, which needs no signature
// and touches no table. It returns when the connection is open, or the time for one attempt is over; if it fails, the next
// call meets the cause.
func (s *Store) Connect(ctx context.Context) {
	o := s.Client.Options()
	where := dynamodb.EndpointParameters{Region: &o.Region, Endpoint: o.BaseEndpoint}
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, where.WithDefaults())
	if err != nil {
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint.URI.String(), nil)
	if err != nil {
		return
	}
	response, err := o.HTTPClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxGreeting)) // only a connection whose answer was read is kept
}
