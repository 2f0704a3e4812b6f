package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/awsapi"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/test/testworld"
)

// startSandbox starts one instance of the sandbox's function, which puts events on the bus of a
// deployment. All instances sign payment tokens with the same key.
func startSandbox(t *testing.T, binary string, d *deployment) *lambdaruntime.Function {
	t.Helper()
	f, err := lambdaruntime.Start(t.Context(), lambdaruntime.Options{Binary: binary, Log: &d.Log, Env: map[string]string{
		"EVENT_BUS_NAME": testworld.BusName, "TOKEN_KEY": "key", "AWS_ENDPOINT_URL_EVENTBRIDGE": d.Bus.FunctionURL("sandbox"),
	}})
	require.NoError(t, err, "%s", &d.Log)
	t.Cleanup(f.Close)
	return f
}

// throughSandbox passes requests for the peers on to the sandbox's function, as API Gateway does:
// each peer is a stage.
func throughSandbox(t *testing.T, sandbox func() *lambdaruntime.Function) http.Handler {
	stages := map[string]string{
		"DeliveryPricingApi": "delivery-pricing", "PaymentApi": "payment", "ProductsApi": "products", "UsersApi": "users",
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // after the caller's name
		api, path, _ := strings.Cut(path, "/")
		if r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		response := request(t, sandbox(), stageEvent(stages[api], r.Method, "/"+path, string(body)))
		w.Header().Set("Content-Type", response.Headers["Content-Type"])
		w.WriteHeader(response.StatusCode)
		_, _ = io.WriteString(w, response.Body)
	})
}

func stageEvent(stage, method, path, body string) events.APIGatewayProxyRequest {
	event := events.APIGatewayProxyRequest{HTTPMethod: method, Path: path, Body: body}
	event.RequestContext.Stage = stage
	return event
}

// testSandbox creates an order with a token of one instance of the sandbox, lets another instance
// check it, and delivers events until the order is fulfilled.
func testSandbox(t *testing.T, table http.Handler, tableName string) {
	binary := filepath.Join(t.TempDir(), "sandbox")
	build := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", binary}, testworld.BuildFlags()...), "orders/cmd/sandbox")...)
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)

	d := &deployment{
		bus:       eventbridge.New(eventbridge.Options{Name: testworld.BusName, Region: lambdaruntime.Region}),
		catalogue: fakepeers.NewCatalogue(),
	}
	var checking *lambdaruntime.Function
	eventBridge := (&awsapi.Endpoints{Region: lambdaruntime.Region, Events: putEvents{d.bus}}).Route(http.NotFoundHandler())
	d.World = testworld.New(t, testworld.Options{
		TableName: tableName, Table: table, Bus: atRoot(eventBridge),
		Peers: throughSandbox(t, func() *lambdaruntime.Function { return checking }),
	})
	checking = startSandbox(t, binary, d)
	issuing := startSandbox(t, binary, d)

	o := fakepeers.NewSampleOrder(d.catalogue, &fakepeers.Payment{})
	issued := request(t, issuing, stageEvent("payment-3p", "POST", "/preauth", `{"cardNumber":"4111111111111111","amount":2147483647}`))
	o.PaymentToken = issued.json(t)["paymentToken"].(string)
	user := uuid.NewString()
	created := request(t, d.Start(t, testworld.CreateOrder), testworld.Post(user, o))
	require.Equal(t, http.StatusCreated, created.StatusCode, created.Body)
	id := created.json(t)["orderId"].(string)

	require.Empty(t, publish(t, d.Start(t, testworld.TableUpdate), d.streamRecords(t)))
	update := d.Start(t, testworld.OnEvents)
	for i, step := range []struct{ event, target string }{{"OrderCreated", "sandbox"}, {"PackageCreated", "both"}, {"DeliveryCompleted", "on-events"}} {
		require.Equal(t, step.event+" "+id, d.published()[i])
		event := json.RawMessage(testworld.Encode(d.bus.Events()[i]))
		if step.target != "on-events" {
			_, err := invoke(t, issuing, event)
			require.NoError(t, err)
		}
		if step.target != "sandbox" {
			_, err := invoke(t, update, event)
			require.NoError(t, err)
		}
	}
	read := request(t, d.Start(t, testworld.GetOrder), testworld.Get("/orders/{orderId}", user, id))
	require.Equal(t, "FULFILLED", read.json(t)["status"], read.Body)
}
