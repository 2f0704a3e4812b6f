package acceptance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"
)

// A signature gives a request to an API the credentials of somebody.
type signature func(ctx context.Context, r *http.Request, body []byte) error

// nobody has no credentials.
func nobody(context.Context, *http.Request, []byte) error { return nil }

// services sign as the neighbours do.
func (s *service) services(ctx context.Context, r *http.Request, body []byte) error {
	keys, err := s.clients.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	return s.sign(ctx, r, body, keys)
}

// strangers sign with a secret that is not theirs.
func (s *service) strangers(ctx context.Context, r *http.Request, body []byte) error {
	keys, err := s.clients.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	keys.SecretAccessKey = "a guess"
	return s.sign(ctx, r, body, keys)
}

func (s *service) sign(ctx context.Context, r *http.Request, body []byte, keys aws.Credentials) error {
	hash := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(hash[:]), "execute-api", s.region, time.Now())
}

// A reply is an answer of an API, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send calls an API; a body is sent as JSON.
func (s *service) send(t *testing.T, method, url string, body any, as signature) reply {
	t.Helper()
	var text []byte
	if body != nil {
		text = encode(t, body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	require.NoError(t, as(ctx, r, text), "no credentials")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, all}
}

// An answer is create-order's to a direct invocation.
type answer struct {
	Success bool
	Message string
	Errors  []string
	Order   placed
}

// A placed order is an order as the service tells it.
type placed struct {
	OrderID, UserID, Status, CreatedDate, ModifiedDate string

	Products             []line
	DeliveryPrice, Total int64
	PaymentToken         string
}

type line struct {
	ProductID       string
	Price, Quantity int64
}

// invoke calls create-order as the frontend does. An order that comes of it will be removed in the end.
func (s *service) invoke(t *testing.T, event any) answer {
	t.Helper()
	output, err := lambda.NewFromConfig(s.clients).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(s.createOrder), Payload: encode(t, event)})
	require.NoError(t, err, "create-order cannot be invoked")
	require.Nil(t, output.FunctionError, "create-order failed: %s", output.Payload)
	var a answer
	require.NoError(t, json.Unmarshal(output.Payload, &a))
	if id := a.Order.OrderID; id != "" && !slices.Contains(s.made, id) {
		s.made = append(s.made, id)
	}
	return a
}

// order asks for an order on behalf of a user.
func (s *service) order(t *testing.T, userID string, r request) answer {
	t.Helper()
	return s.invoke(t, map[string]any{"userId": userID, "order": r})
}

// create makes a new order.
func (s *service) create(t *testing.T) placed {
	t.Helper()
	a := s.order(t, s.user, s.newRequest(t))
	require.True(t, a.Success, "no order was created: %s %v", a.Message, a.Errors)
	return a.Order
}

// read is an order as delivery reads it.
func (s *service) read(t *testing.T, orderID string) (o placed, body string) {
	t.Helper()
	r := s.send(t, http.MethodGet, s.apiURL+"/backend/"+orderID, nil, s.services)
	require.Equal(t, http.StatusOK, r.status, "GET /backend/%s", orderID)
	require.NoError(t, json.Unmarshal(r.body, &o))
	return o, string(r.body)
}

// report puts an event on the bus as warehouse and delivery do.
func (s *service) report(t *testing.T, source, detailType string, detail any, orderIDs ...string) {
	t.Helper()
	output, err := eventbridge.NewFromConfig(s.clients).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{{
			EventBusName: aws.String(s.busName),
			Source:       aws.String(source),
			DetailType:   aws.String(detailType),
			Resources:    orderIDs,
			Detail:       aws.String(string(encode(t, detail))),
		}}})
	require.NoError(t, err, "no event can be put on the bus %s", s.busName)
	require.Zero(t, output.FailedEntryCount, "the bus does not accept %s", detailType)
}
