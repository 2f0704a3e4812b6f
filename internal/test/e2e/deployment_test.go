package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/local/apigateway"
	"orders/internal/local/awsapi"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/lambda"
	"orders/internal/test/testworld"
)

// secret begins everything that may appear in no log, trace or error text: what is personal,
// payment tokens, and the functions' own credentials.
const secret = "secret-"

// A deployment is the functions with a table, a bus behind EventBridge's API, and peers that check
// signatures.
type deployment struct {
	*testworld.World
	bus         *eventbridge.Bus
	payment     *fakepeers.Payment
	catalogue   fakepeers.Catalogue
	beforeCheck func(api string, r *http.Request) // called before a peer responds; set it before a function starts
}

// deploy makes a deployment on a table. When the test ends, nothing secret may be in the logs and
// traces.
func deploy(t *testing.T, table http.Handler, tableName string) *deployment {
	d := &deployment{
		bus:         eventbridge.New(eventbridge.Options{Name: testworld.BusName, Region: lambdaruntime.Region}),
		payment:     &fakepeers.Payment{NewToken: func() string { return secret + uuid.NewString() }},
		catalogue:   fakepeers.NewCatalogue(),
		beforeCheck: func(string, *http.Request) {},
	}
	d.World = testworld.New(t, testworld.Options{TableName: tableName, Table: table, Peers: d.peers(), Bus: putEventsAPI(d.bus)})
	t.Cleanup(func() {
		d.Close(t)
		require.NotContains(t, d.Log.String(), secret)
		require.NotContains(t, d.Traces.String(), secret)
	})
	return d
}

// atRoot passes on requests as AWS's own endpoints receive them.
func atRoot(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = "/"
		handler.ServeHTTP(w, r)
	})
}

// peers are the fake peers. They accept signed requests only.
func (d *deployment) peers() http.Handler {
	mux := http.NewServeMux()
	for api, peer := range map[string]http.Handler{
		"DeliveryPricingApi": fakepeers.PricingHandler(),
		"PaymentApi":         d.payment.ValidateHandler(),
		"ProductsApi":        d.catalogue.ValidateHandler(),
		"UsersApi":           fakepeers.UsersHandler(),
	} {
		prefix := "/" + testworld.CreateOrder + "/" + api
		peer = http.StripPrefix(prefix, peer)
		mux.Handle(prefix+"/", signatures().Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.beforeCheck(api, r)
			peer.ServeHTTP(w, r)
		})))
	}
	return mux
}

// signatures verifies the functions' signatures.
func signatures() apigateway.Verifier {
	return apigateway.Verifier{
		AccessKey: lambdaruntime.AccessKeyID, SecretKey: lambdaruntime.SecretAccessKey, Region: lambdaruntime.Region, Service: "execute-api",
	}
}

// putEventsAPI is EventBridge's API in front of a bus.
func putEventsAPI(bus *eventbridge.Bus) http.Handler {
	return atRoot((&awsapi.Endpoints{Region: lambdaruntime.Region, Events: putEvents{bus}}).Route(http.NotFoundHandler()))
}

// putEvents is a bus behind PutEvents.
type putEvents struct{ *eventbridge.Bus }

// Put implements awsapi.Events.
func (p putEvents) Put(entry awsapi.Entry) (eventID string, err error) {
	return p.Bus.Put(entry.Bus, entry.Source, entry.DetailType, entry.Resources, entry.Detail, entry.Time)
}

// forward is a table in DynamoDB Local.
func forward(t *testing.T, endpoint string) http.Handler {
	target, err := url.Parse(endpoint)
	require.NoError(t, err)
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return atRoot(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { // mostly a client that gave up
			w.WriteHeader(http.StatusBadGateway)
		},
	})
}

// order is a new order that every peer accepts, with an address of secrets.
func (d *deployment) order() fakepeers.SampleOrder {
	o := fakepeers.NewSampleOrder(d.catalogue, d.payment)
	for _, field := range []*string{
		&o.Address.Name, &o.Address.CompanyName, &o.Address.StreetAddress, &o.Address.PostCode,
		&o.Address.City, &o.Address.State, &o.Address.PhoneNumber,
	} {
		*field = secret + *field
	}
	return o
}

// published returns the events on the bus, each as its type and order.
func (d *deployment) published() (published []string) {
	for _, event := range d.bus.Events() {
		published = append(published, event.DetailType+" "+strings.Join(event.Resources, " "))
	}
	return published
}

// invoke runs a function on an event and returns its response, or its error, in whose text nothing
// may be secret.
func invoke(t *testing.T, f *lambdaruntime.Function, event any) ([]byte, error) {
	t.Helper()
	response, err := f.Invoke(t.Context(), testworld.Encode(event))
	var failure *lambda.FunctionError
	if err != nil {
		require.ErrorAs(t, err, &failure)
		require.NotContains(t, string(failure.Payload), secret)
	}
	return response, err
}

// An httpResponse is a function's response to API Gateway.
type httpResponse struct {
	StatusCode int
	Headers    map[string]string
	Body       string
}

// json returns the body, which must be an object.
func (r httpResponse) json(t *testing.T) map[string]any {
	t.Helper()
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.Body), &body))
	return body
}

// request runs a function on an event of API Gateway's.
func request(t *testing.T, f *lambdaruntime.Function, event events.APIGatewayProxyRequest) (r httpResponse) {
	t.Helper()
	response, err := invoke(t, f, event)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(response, &r))
	return r
}
