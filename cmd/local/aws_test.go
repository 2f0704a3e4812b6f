package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// aws returns a configuration with which the SDK's clients call the service instead of AWS.
func (s *service) aws() aws.Config {
	return aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(s.url),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

// invoke calls a function by name or ARN.
func (s *service) invoke(t *testing.T, function, payload string) *lambda.InvokeOutput {
	t.Helper()
	output, err := lambda.NewFromConfig(s.aws()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(function), Payload: []byte(payload)})
	require.NoError(t, err)
	return output
}

// result invokes a function that must succeed, and decodes its response.
func (s *service) result(t *testing.T, function, payload string, target any) {
	t.Helper()
	output := s.invoke(t, function, payload)
	require.Nil(t, output.FunctionError, "%s", output.Payload)
	require.NoError(t, json.Unmarshal(output.Payload, target), "%s", output.Payload)
}

// A directResponse is create-order's response to a direct invocation.
type directResponse struct {
	Success bool
	Message string
	Errors  []string
	Order   placed
}

func TestLambdaCreateOrder(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	parameter := s.parameters(t, "/ecommerce/local/orders/create-order/arn")
	for i, function := range []string{
		"create-order",
		parameter["/ecommerce/local/orders/create-order/arn"],
		"arn:aws:lambda:eu-west-1:000000000000:function:create-order",
	} {
		request := s.newRequest(t)
		event := fmt.Sprintf(`{"userId": %q, "order": %s}`, ada.id, request.encode(t))
		for range 2 { // the repeated request gets the same order
			var created directResponse
			s.result(t, function, event, &created)
			require.True(t, created.Success)
			require.Equal(t, "Order created", created.Message)
			require.Equal(t, request["paymentToken"], created.Order.PaymentToken)
			require.Equal(t, ada.id, ada.read(t, created.Order.OrderID).UserID)
		}
		listed, _ := ada.list(t, "")
		require.Len(t, listed, i+1)
	}

	altered := s.newRequest(t)
	altered.product(0)["quantity"] = -1
	for event, want := range map[string]directResponse{
		`{}`:             {Message: "Invalid event", Errors: []string{"Missing order in event", "Missing userId in event"}},
		`{"order": {}}`:  {Message: "Invalid event", Errors: []string{"Missing userId in event"}},
		`{"userId": ""}`: {Message: "Invalid event", Errors: []string{"Missing order in event"}},
		fmt.Sprintf(`{"userId": %q, "order": %s}`, ada.id, altered.encode(t)): {
			Message: "JSON Schema validation error", Errors: []string{"/products/0/quantity: must be at least 1"}},
		fmt.Sprintf(`{"userId": "nobody", "order": %s}`, s.newRequest(t).encode(t)): {
			Message: "Validation errors", Errors: []string{"Unknown user"}},
	} {
		var rejected directResponse
		s.result(t, "create-order", event, &rejected)
		require.Equal(t, want, rejected)
	}

	_, err := lambda.NewFromConfig(s.aws()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("delete-order")})
	_, missing := errors.AsType[*lambdatypes.ResourceNotFoundException](err)
	require.True(t, missing, "%v", err)
}

func TestLambdaLogResult(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	output, err := lambda.NewFromConfig(s.aws()).Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("create-order"), Payload: []byte("{}"), LogType: lambdatypes.LogTypeTail})
	require.NoError(t, err)
	log, err := base64.StdEncoding.DecodeString(aws.ToString(output.LogResult))
	require.NoError(t, err)
	require.Contains(t, string(log), `"message":"order rejected"`)
}

func TestLambdaGetOrder(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	o := ada.order(t)
	event := fmt.Sprintf(`{"httpMethod": "GET", "resource": "/orders/{orderId}", "pathParameters": {"orderId": %q},
		"requestContext": {"authorizer": {"claims": {"sub": %q}}}}`, o.OrderID, ada.id)
	for _, function := range []string{"get-order", "arn:aws:lambda:eu-west-1:000000000000:function:get-order"} {
		var response struct {
			StatusCode int
			Body       string
		}
		s.result(t, function, event, &response)
		require.Equal(t, http.StatusOK, response.StatusCode)
		var read placed
		require.NoError(t, json.Unmarshal([]byte(response.Body), &read))
		require.Equal(t, o, read)
	}
}

func TestLambdaOnEvents(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	event := func(detailType, orderID string) string {
		return fmt.Sprintf(`{"id": "1", "source": "ecommerce.delivery", "detail-type": %q, "resources": [%q], "detail": {}}`, detailType, orderID)
	}
	o := ada.order(t)
	var nothing any
	s.result(t, "on-events", event("DeliveryFailed", o.OrderID), &nothing)
	require.Equal(t, "DELIVERY_FAILED", ada.read(t, o.OrderID).Status)
	s.result(t, "arn:aws:lambda:eu-west-1:000000000000:function:on-events", event("DeliveryCompleted", o.OrderID), &nothing)
	require.Equal(t, "FULFILLED", ada.read(t, o.OrderID).Status)
	s.result(t, "on-events", event("DeliveryDelayed", o.OrderID), &nothing) // not a fulfilment update

	failed := s.invoke(t, "on-events", event("DeliveryCompleted", uuid.NewString()))
	require.Equal(t, "Unhandled", aws.ToString(failed.FunctionError))
	var report struct{ ErrorType, ErrorMessage string }
	require.NoError(t, json.Unmarshal(failed.Payload, &report))
	require.Contains(t, report.ErrorMessage, "Order not found")
	require.NotEmpty(t, report.ErrorType)
	require.JSONEq(t, `[]`, string(s.get(t, "/_local/dead-letters", "").body)) // the caller has the error
}

// put puts one event on a bus.
func (s *service) put(t *testing.T, bus, source, detailType, orderID, detail string) {
	t.Helper()
	output, err := eventbridge.NewFromConfig(s.aws()).PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []eventtypes.PutEventsRequestEntry{{
			EventBusName: aws.String(bus),
			Source:       aws.String(source),
			DetailType:   aws.String(detailType),
			Resources:    []string{orderID},
			Detail:       aws.String(detail),
		}}})
	require.NoError(t, err)
	require.Zero(t, output.FailedEntryCount)
	require.NotEmpty(t, aws.ToString(output.Entries[0].EventId))
}

func (s *service) busName(t *testing.T) string {
	t.Helper()
	const name = "/ecommerce/local/platform/event-bus/name"
	return s.parameters(t, name)[name]
}

func TestFulfilmentUpdates(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	bus := s.busName(t)
	request := s.newRequest(t)
	created := ada.post(t, request.encode(t)).order(t, http.StatusCreated)
	orderID, second, third := created.OrderID, request.product(1), request.product(2)
	s.waitForEvents(t, orderID, 1)

	for _, other := range []string{"another-bus", "default"} {
		s.put(t, other, "ecommerce.delivery", "DeliveryCompleted", orderID, `{}`)
	}
	s.put(t, bus, "ecommerce.warehouse", "PackageCreated", orderID, fmt.Sprintf(`{"orderId": %q, "products": [
		{"productId": "__metadata", "orderId": %q, "status": "COMPLETED", "modifiedDate": %q},
		{"productId": %q, "quantity": 0}, {"productId": %q, "quantity": 1}, {"productId": %q}, {"productId": "something else", "quantity": 9}]}`,
		orderID, orderID, created.ModifiedDate, request.product(0)["productId"], second["productId"], third["productId"]))
	packaged := ada.waitForStatus(t, orderID, "PACKAGED")
	require.Len(t, packaged.Products, 2)
	require.Equal(t, second["name"], packaged.Products[0].Name)
	require.EqualValues(t, 1, packaged.Products[0].Quantity)
	require.Equal(t, created.Products[2], packaged.Products[1])
	require.Equal(t, packaged.Products[0].Price+3*packaged.Products[1].Price+created.DeliveryPrice, packaged.Total)
	require.Equal(t, created.DeliveryPrice, packaged.DeliveryPrice)
	s.waitForEvents(t, orderID, 3)

	s.put(t, bus, "ecommerce.delivery", "DeliveryCompleted", orderID, `{}`)
	fulfilled := ada.waitForStatus(t, orderID, "FULFILLED")
	require.Equal(t, packaged.Total, fulfilled.Total)

	events := s.waitForEvents(t, orderID, 5)
	require.Equal(t, []string{"OrderCreated", "PackageCreated", "OrderModified", "DeliveryCompleted", "OrderModified"}, typesOf(events))
	require.Len(t, s.events(t), 5) // none of other buses
	var cut struct {
		Old, New placed
		Changed  []string
	}
	require.NoError(t, json.Unmarshal(events[2].Detail, &cut))
	require.Equal(t, []string{"history", "modifiedDate", "products", "status", "total"}, cut.Changed)
	require.Equal(t, []int64{created.Total, packaged.Total}, []int64{cut.Old.Total, cut.New.Total})
	require.Equal(t, fulfilled.OrderID, ada.post(t, request.encode(t)).order(t, http.StatusOK).OrderID) // a late repeated request
}

func TestUpdateOfUnknownOrderBecomesDeadLetter(t *testing.T) {
	t.Parallel()
	s := start(t, "FULFILMENT=off")
	ada := s.newUser(t)
	orderID := uuid.NewString()
	s.put(t, s.busName(t), "ecommerce.delivery", "DeliveryCompleted", orderID, `{"note": "unchanged"}`)
	s.put(t, s.busName(t), "ecommerce.payment", "PaymentSettled", orderID, `{}`) // matches no rule

	var letters []struct {
		Source, Reason, Error string
		Attempts              int
		Event                 event
	}
	waitFor(t, "the dead letter", func() bool {
		s.get(t, "/_local/dead-letters", "").into(t, &letters)
		return len(letters) > 0
	})

	require.Len(t, letters, 1)
	require.Equal(t, "on-events", letters[0].Source)
	require.Equal(t, "RetriesExhausted", letters[0].Reason)
	require.Contains(t, letters[0].Error, "reported by the function as failed")
	require.Equal(t, 3, letters[0].Attempts)
	require.Equal(t, []string{orderID}, letters[0].Event.Resources)
	require.JSONEq(t, `{"note": "unchanged"}`, string(letters[0].Event.Detail))
	require.Equal(t, []string{"DeliveryCompleted", "PaymentSettled"}, typesOf(s.events(t)))
	ada.get(t, "/orders/"+orderID, ada.authorization).requireProblem(t, http.StatusNotFound, "Order not found") // no ghost
	s.backend(t, orderID).requireProblem(t, http.StatusNotFound, "Order not found")
}

// parameters returns SSM parameters by name.
func (s *service) parameters(t *testing.T, names ...string) map[string]string {
	t.Helper()
	output, err := ssm.NewFromConfig(s.aws()).GetParameters(t.Context(), &ssm.GetParametersInput{Names: names})
	require.NoError(t, err)
	require.Empty(t, output.InvalidParameters)
	return valuesOf(output.Parameters)
}

func valuesOf(parameters []ssmtypes.Parameter) map[string]string {
	values := map[string]string{}
	for _, p := range parameters {
		values[aws.ToString(p.Name)] = aws.ToString(p.Value)
	}
	return values
}

func TestParameters(t *testing.T) {
	t.Parallel()
	s := start(t, "AWS_REGION=eu-central-1", "PAYMENT_API_URL=https://payment.example/Prod/")
	const under, execute = "/ecommerce/local/", "arn:aws:execute-api:eu-central-1:000000000000:"
	client := ssm.NewFromConfig(s.aws())
	all := map[string]string{}
	pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{Path: aws.String(under), Recursive: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		maps.Copy(all, valuesOf(page.Parameters))
	}

	require.Contains(t, all[under+"orders/ops"], `"functions":{"create-order":`)
	delete(all, under+"orders/ops")
	require.Equal(t, map[string]string{
		under + "orders/api/url":           s.url,
		under + "orders/api/arn":           execute + "orders/local",
		under + "orders/create-order/arn":  "arn:aws:lambda:eu-central-1:000000000000:function:create-order:live",
		under + "orders/table/name":        "local-orders",
		under + "products/api/url":         s.url + "/_local/peers/products",
		under + "products/api/arn":         execute + "products/local",
		under + "delivery-pricing/api/url": s.url + "/_local/peers/delivery-pricing",
		under + "delivery-pricing/api/arn": execute + "delivery-pricing/local",
		under + "payment/api/url":          "https://payment.example/Prod",
		under + "payment/api/arn":          execute + "payment/local",
		under + "users/user-pool/arn":      "arn:aws:cognito-idp:eu-central-1:000000000000:userpool/local",
		under + "platform/event-bus/name":  "local-ecommerce",
		under + "platform/event-bus/arn":   "arn:aws:events:eu-central-1:000000000000:event-bus/local-ecommerce",
	}, all)

	names := slices.Sorted(maps.Keys(all))[:10] // the most that AWS returns at once
	for name, value := range s.parameters(t, names...) {
		require.Equal(t, all[name], value)
		one, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name)})
		require.NoError(t, err)
		require.Equal(t, value, aws.ToString(one.Parameter.Value))
	}
	_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(strings.ToUpper(names[0]))})
	_, missing := errors.AsType[*ssmtypes.ParameterNotFound](err)
	require.True(t, missing, "%v", err)
}
