package e2e

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"orders/internal/handler"
	"orders/internal/lambdaruntime"
	"orders/internal/local/apigateway"
	"orders/internal/local/awsapi"
	"orders/internal/local/durable"
	"orders/internal/local/dynamodb"
	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
	"orders/internal/test/testworld"
)

// An account is a deployment whose platform is the sandbox's function, with everything running that
// AWS has in between: both APIs, the stream, the bus and the queue of updates.
type account struct {
	deployment
	url               string // of AWS's APIs and of the orders API
	checking, issuing *lambdaruntime.Function
	create, get       *lambdaruntime.Function
	tokens            *apigateway.TokenIssuer // the user pool
	running           sync.WaitGroup
}

// updatesQueue is the name of the queue of fulfilment updates.
const updatesQueue = "updates"

// startAccount deploys the sandbox and the functions on a new table. All of it ends with the test.
func startAccount(t *testing.T, endpoint string) *account {
	a := &account{}
	queues, err := sqs.Open(sqs.Options{Region: lambdaruntime.Region, Queues: []sqs.Config{{Name: updatesQueue}}})
	require.NoError(t, err)
	a.catalogue = fakepeers.NewCatalogue()
	a.bus = eventbridge.New(eventbridge.Options{
		Name: testworld.BusName, Region: lambdaruntime.Region, Rules: updateRules(), Queues: queues,
		Observe: func(event eventbridge.Event) { a.invokeSandbox(t, event) },
	})
	table := forward(t, endpoint)
	a.World = testworld.New(t, testworld.Options{
		TableName: dynamodbtest.Table(t, endpoint), Table: table, Bus: putEventsAPI(a.bus), Peers: a.sandboxAPI(t),
	})
	binary := buildSandbox(t)
	a.checking, a.issuing = startSandbox(t, binary, &a.deployment), startSandbox(t, binary, &a.deployment)
	a.create, a.get = a.Start(t, testworld.CreateOrder), a.Start(t, testworld.GetOrder)
	onEvents, tableUpdate := a.Start(t, testworld.OnEvents), a.Start(t, testworld.TableUpdate)
	a.serve(t, table)

	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() {
		stop()
		a.running.Wait()
		require.NoError(t, queues.Close())
	}) // before the functions end
	updates := lambda.QueueMapping{
		Queue: queues.Queue(updatesQueue), Function: testworld.OnEvents, Region: lambdaruntime.Region,
		Invoke: onEvents.Invoke, Timeout: time.Minute, BatchSize: 1, // keeps the order of the updates
		RetryDelay: func(int) time.Duration { return time.Second }, Logger: slog.New(slog.DiscardHandler),
	}
	a.running.Go(func() { updates.Run(ctx, context.Background()) })
	stream := a.stream(t, endpoint, tableUpdate)
	a.running.Go(func() { assert.NoError(t, stream.Run(ctx)) })
	return a
}

func buildSandbox(t *testing.T) (binary string) {
	binary = filepath.Join(t.TempDir(), "sandbox")
	build := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", binary}, testworld.BuildFlags()...), "orders/cmd/sandbox")...)
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return binary
}

// startSandbox starts one instance of the sandbox's function, which puts events on the bus of a
// deployment. All instances sign payment tokens with the same key.
func startSandbox(t *testing.T, binary string, d *deployment) *lambdaruntime.Function {
	t.Helper()
	f, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{Binary: binary, Timeout: 30 * time.Second, Log: &d.Log, Env: map[string]string{
		"EVENT_BUS_NAME": testworld.BusName, "TOKEN_KEY": "key", "AWS_ENDPOINT_URL_EVENTBRIDGE": d.Bus.FunctionURL("sandbox"),
	}})
	require.NoError(t, err, "%s", &d.Log)
	t.Cleanup(f.Close)
	return f
}

// updateRules are the rules of on-events.
func updateRules() (rules []eventbridge.Rule) {
	for _, update := range handler.FulfilmentEvents() {
		rules = append(rules, eventbridge.Rule{Queue: updatesQueue, Pattern: eventbridge.Pattern{
			Source: []string{update.Source}, DetailType: []string{update.DetailType},
		}})
	}
	return rules
}

// invokeSandbox plays the rules of resources/sandbox.yaml, which invoke the function
// asynchronously.
func (a *account) invokeSandbox(t *testing.T, event eventbridge.Event) {
	if event.DetailType != "OrderCreated" && event.DetailType != "PackageCreated" {
		return
	}
	a.running.Go(func() {
		_, err := a.issuing.Invoke(context.Background(), testworld.Encode(event))
		assert.NoError(t, err)
	})
}

// stream reads the table's stream for table-update.
func (a *account) stream(t *testing.T, endpoint string, tableUpdate *lambdaruntime.Function) *dynamodb.StreamReader {
	t.Helper()
	table, err := dynamodbtest.Client(t, endpoint).DescribeTable(t.Context(), &awsdynamodb.DescribeTableInput{TableName: &a.TableName})
	require.NoError(t, err)
	arn := aws.ToString(table.Table.LatestStreamArn)
	checkpoints, err := durable.OpenCheckpoints(t.TempDir(), arn)
	require.NoError(t, err)
	return &dynamodb.StreamReader{
		Client: dynamodb.NewStreamsClient(dynamodbtest.Config(), endpoint), StreamARN: arn, Checkpoints: checkpoints,
		Mapping: lambda.StreamMapping{
			Name: testworld.TableUpdate, Invoke: tableUpdate.Invoke, Logger: slog.New(slog.DiscardHandler),
			OnFailure: func(batch lambda.FailedBatch) error {
				assert.NoError(t, batch.Err, "records were not published")
				return nil
			},
		},
	}
}

// serve serves AWS's APIs and the orders API, which the parameters of both stacks name.
func (a *account) serve(t *testing.T, table http.Handler) {
	t.Helper()
	var err error
	a.tokens, err = apigateway.NewTokenIssuer(nil)
	require.NoError(t, err)
	create := &lambda.Function{Name: testworld.CreateOrder, Handler: a.create, Timeout: time.Minute, Region: lambdaruntime.Region}
	get := &lambda.Function{Name: testworld.GetOrder, Handler: a.get, Timeout: time.Minute, Region: lambdaruntime.Region}
	orders := http.NewServeMux()
	(&apigateway.Gateway{CreateOrder: create, GetOrder: get, Tokens: a.tokens, Signatures: signatures()}).Register(orders)
	server := httptest.NewUnstartedServer(nil)
	a.url = "http://" + server.Listener.Addr().String()
	stages := a.Peers.FunctionURL("acceptance")
	apis := &awsapi.Endpoints{
		Region: lambdaruntime.Region, Started: time.Now(), Events: putEvents{a.bus}, Table: table,
		Functions: map[string]*lambda.Function{create.Name: create},
		Parameters: map[string]string{
			"/ecommerce/sandbox/orders/api/url":           a.url,
			"/ecommerce/sandbox/orders/create-order/arn":  create.ARN() + ":live",
			"/ecommerce/sandbox/orders/table/name":        a.TableName,
			"/ecommerce/sandbox/platform/event-bus/name":  testworld.BusName,
			"/ecommerce/sandbox/products/api/url":         stages + "/ProductsApi",
			"/ecommerce/sandbox/delivery-pricing/api/url": stages + "/DeliveryPricingApi",
			"/ecommerce/sandbox/payment/api/url":          stages + "/PaymentApi",
			"/ecommerce/sandbox/payment-3p/api/url":       stages + "/PaymentProviderApi",
		},
	}
	server.Config.Handler = apis.Route(orders)
	server.Start()
	t.Cleanup(server.Close)
}

// sandboxAPI passes requests for the peers on to the sandbox's function, as API Gateway does: each
// peer is a stage, and only the payment provider's needs no signature.
func (a *account) sandboxAPI(t *testing.T) http.Handler {
	respond := func(sandbox *lambdaruntime.Function, stage string, w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		response := request(t, sandbox, stageEvent(stage, r.Method, "/"+r.PathValue("path"), string(body)))
		w.Header().Set("Content-Type", response.Headers["Content-Type"])
		w.WriteHeader(response.StatusCode)
		_, _ = io.WriteString(w, response.Body)
	}
	mux := http.NewServeMux()
	for api, stage := range map[string]string{
		"DeliveryPricingApi": "delivery-pricing", "PaymentApi": "payment", "ProductsApi": "products", "UsersApi": "users",
	} {
		mux.Handle("/{caller}/"+api+"/{path...}", signatures().Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			respond(a.checking, stage, w, r)
		})))
	}
	mux.HandleFunc("/{caller}/PaymentProviderApi/{path...}", func(w http.ResponseWriter, r *http.Request) {
		respond(a.issuing, "payment-3p", w, r)
	})
	return mux
}

func stageEvent(stage, method, path, body string) events.APIGatewayProxyRequest {
	event := events.APIGatewayProxyRequest{HTTPMethod: method, Path: path, Body: body}
	event.RequestContext.Stage = stage
	return event
}
