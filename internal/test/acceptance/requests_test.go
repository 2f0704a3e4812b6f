package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"

	"orders/internal/test/testworld"
)

// A signature authorizes a request to an API.
type signature func(ctx context.Context, r *http.Request, body []byte) error

// unsigned sends no credentials.
func unsigned(context.Context, *http.Request, []byte) error { return nil }

// signed signs as the services of the platform do.
func (s *service) signed(ctx context.Context, r *http.Request, body []byte) error {
	keys, err := s.clients.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	return s.sign(ctx, r, body, keys)
}

// wronglySigned signs with a wrong secret.
func (s *service) wronglySigned(ctx context.Context, r *http.Request, body []byte) error {
	keys, err := s.clients.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	keys.SecretAccessKey = "a guess"
	return s.sign(ctx, r, body, keys)
}

func (s *service) sign(ctx context.Context, r *http.Request, body []byte, keys aws.Credentials) error {
	return testworld.Sign(ctx, r, body, keys, s.region)
}

// An apiResponse is the response of an API.
type apiResponse struct {
	status int
	header http.Header
	body   []byte
}

// send calls an API; a body is sent as JSON.
func (s *service) send(t *testing.T, method, url string, body any, as signature) apiResponse {
	t.Helper()
	var text []byte
	if body != nil {
		text = testworld.Encode(body)
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
	return apiResponse{response.StatusCode, response.Header, all}
}

// A result is create-order's response to a direct invocation.
type result struct {
	Success bool
	Message string
	Errors  []string
	Order   placedOrder
}

// A placedOrder is an order in responses of the service.
type placedOrder struct {
	OrderID, UserID, Status, CreatedDate, ModifiedDate string

	Products             []line
	DeliveryPrice, Total int64
	PaymentToken         string

	History []struct{ Status, Date string }
}

type line struct {
	ProductID       string
	Price, Quantity int64
}

// invoke calls create-order as the frontend does. The created order, if any, is deleted in the end.
func (s *service) invoke(t *testing.T, event any) result {
	t.Helper()
	output, err := lambda.NewFromConfig(s.clients).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(s.createOrder), Payload: testworld.Encode(event)})
	require.NoError(t, err, "cannot invoke create-order")
	require.Nil(t, output.FunctionError, "create-order failed: %s", output.Payload)
	var r result
	require.NoError(t, json.Unmarshal(output.Payload, &r))
	if id := r.Order.OrderID; id != "" && !slices.Contains(s.created, id) {
		s.created = append(s.created, id)
	}
	return r
}

// order requests an order for a user.
func (s *service) order(t *testing.T, userID string, r request) result {
	t.Helper()
	return s.invoke(t, map[string]any{"userId": userID, "order": r})
}

// create creates an order.
func (s *service) create(t *testing.T) placedOrder {
	t.Helper()
	r := s.order(t, s.user, s.newRequest(t))
	require.True(t, r.Success, "no order was created: %s %v", r.Message, r.Errors)
	return r.Order
}

// read returns an order as delivery gets it.
func (s *service) read(t *testing.T, orderID string) (o placedOrder, body string) {
	t.Helper()
	r := s.send(t, http.MethodGet, s.apiURL+"/backend/"+orderID, nil, s.signed)
	require.Equal(t, http.StatusOK, r.status, "GET /backend/%s", orderID)
	require.NoError(t, json.Unmarshal(r.body, &o))
	return o, string(r.body)
}

// putEvent puts a fulfilment update on the bus, as warehouse and delivery do.
func (s *service) putEvent(t *testing.T, source, detailType string, detail any, orderIDs ...string) {
	t.Helper()
	output, err := eventbridge.NewFromConfig(s.clients).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{{
			EventBusName: aws.String(s.busName),
			Source:       aws.String(source),
			DetailType:   aws.String(detailType),
			Resources:    orderIDs,
			Detail:       aws.String(string(testworld.Encode(detail))),
		}}})
	require.NoError(t, err, "cannot put an event on bus %s", s.busName)
	require.Zero(t, output.FailedEntryCount, "the bus rejects %s", detailType)
}

// A request is the body of a create, which tests modify.
type request map[string]any

// each is the quantity of every product: enough to pack fewer.
const each = 2

// newRequest returns a valid request with a payment token of its own, whose amount is higher than
// the total, so that a request with a wrong price is not rejected for its token.
func (s *service) newRequest(t *testing.T) request {
	t.Helper()
	r := request{"address": address(), "deliveryPrice": s.platform.deliveryPrice}
	var products []map[string]any
	for _, product := range s.platform.products {
		line := maps.Clone(product)
		line["quantity"] = each
		products = append(products, line)
	}
	r["products"] = products
	r["paymentToken"] = s.preauthorise(t, r.total()+1)
	return r
}

// address is made up; the phone number is in the range reserved for fiction.
func address() map[string]any {
	return map[string]any{
		"name": "Ada Acceptance", "streetAddress": "100 Sample Street", "city": "Seattle",
		"postCode": "98101", "state": "WA", "country": "US", "phoneNumber": "+1-206-555-0142",
	}
}

func (r request) product(i int) map[string]any { return r["products"].([]map[string]any)[i] }

// total returns the correct total.
func (r request) total() int64 {
	sum := r["deliveryPrice"].(int64)
	for i := range r["products"].([]map[string]any) {
		sum += int64(r.product(i)["price"].(float64)) * each
	}
	return sum
}

// clone returns a copy that can be modified.
func (r request) clone(t *testing.T) request {
	t.Helper()
	c := maps.Clone(r)
	c["address"] = maps.Clone(r["address"].(map[string]any))
	var products []map[string]any
	for i := range r["products"].([]map[string]any) {
		products = append(products, maps.Clone(r.product(i)))
	}
	c["products"] = products
	return c
}
