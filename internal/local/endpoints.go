package local

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/buildinfo"
	"orders/internal/local/apigateway"
	"orders/internal/local/awsapi"
	"orders/internal/local/console"
	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/lambda"
	"orders/internal/peer"
	"orders/internal/safehttp"
	"orders/internal/strictjson"
)

// fakePeersPath is the path below which the fake peers are, by name.
const fakePeersPath = "/_local/peers/"

// useFakePeers sets the URL of every peer that has none to that of its fake.
func (s *Service) useFakePeers() {
	for name, url := range map[string]*string{
		"delivery-pricing": &s.settings.DeliveryURL,
		"payment":          &s.settings.PaymentURL,
		"products":         &s.settings.ProductsURL,
		"users":            &s.settings.UsersURL,
	} {
		if *url == "" {
			*url = s.URL + fakePeersPath + name
		}
	}
}

// routes returns the handler of every request. The orders API and the AWS APIs count as requests in
// flight; the fake peers, which these wait for, do not.
func (s *Service) routes(f functions, tokens *apigateway.TokenIssuer, pages http.Handler) http.Handler {
	api := http.NewServeMux()
	signatures := apigateway.Verifier{AccessKey: accessKey, SecretKey: secretKey, Region: s.settings.Region, Service: "execute-api"}
	(&apigateway.Gateway{CreateOrder: f.create, GetOrder: f.get, Tokens: tokens, Signatures: signatures}).Register(api)
	params := parameters(s.URL, s.settings.Region, f.create, s.settings)
	params["/ecommerce/"+apigateway.Stage+"/orders/ops"] = stack(s.URL, f, s.storage.streamARN)
	aws := &awsapi.Endpoints{
		Region:     s.settings.Region,
		Functions:  f.byName(),
		Async:      s.invokeAsync,
		Logs:       s.logs.lines,
		Events:     s,
		Queues:     s.queues,
		Parameters: params,
		Commit:     buildinfo.Commit(),
		OrderLogs:  s.logs.about,
		Table:      s.storage.api,
		Started:    time.Now(),
	}

	all := http.NewServeMux()
	all.Handle("/", s.inFlight.track(s.denyPutEvents(aws.Route(s.observe(api)))))
	all.Handle("GET /{$}", pages)
	all.Handle(console.Path, pages)
	s.registerFakePeers(all, signatures)
	s.registerInspection(all, tokens)
	return apigateway.ExactPaths(all)
}

// denyPutEvents returns a handler that responds to PutEvents as EventBridge does without
// permission, if that fault is on.
func (s *Service) denyPutEvents(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.faults.BusDenied() && r.Header.Get("X-Amz-Target") == "AWSEvents.PutEvents" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"The fault of the event bus is on."}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// console returns the handler of the console.
func (s *Service) console(tokens *apigateway.TokenIssuer) (http.Handler, error) {
	return console.New(console.Options{
		URL:      s.URL,
		Region:   s.settings.Region,
		Recorder: s.recorder,
		Orders:   s.storage.orders,
		Events:   s.bus.Events,
		Put: func(source, detailType, orderID string, detail []byte) (string, error) {
			return s.bus.Put(eventBusName, source, detailType, []string{orderID}, detail, time.Time{})
		},
		Token:     tokens.Issue,
		Catalogue: fakepeers.NewCatalogue(),
		Payment:   &s.payment,
		Faults:    &s.faults,

		Queues:           s.queues,
		WorkQueues:       []string{updatesQueue, warehouseQueue, deliveryQueue},
		DeadLetterQueues: []string{updatesDeadLetters, tableUpdateDeadLetters, otherDeadLetters},

		OpenAPI:  readDocument("resources/openapi.yaml", s.log),
		Signed:   safehttp.Sign(http.DefaultTransport, safehttp.APIGateway, aws.CredentialsProviderFunc(localCredentials), s.settings.Region),
		Template: readDocument("template.yaml", s.log),
		Names: map[string]string{
			"Environment": apigateway.Stage, "AWS::Region": s.settings.Region, "EventBusName": eventBusName, "Table": tableName,
			"CreateOrderFunction": "create-order", "GetOrderFunction": "get-order", "OnEventsFunction": "on-events", "TableUpdateFunction": "table-update",
			"FulfilmentQueue.QueueName":            updatesQueue,
			"FulfilmentDeadLetterQueue.QueueName":  updatesDeadLetters,
			"TableUpdateDeadLetterQueue.QueueName": tableUpdateDeadLetters,
		},
	})
}

// Put implements awsapi.Events.
func (s *Service) Put(entry awsapi.Entry) (eventID string, err error) {
	return s.bus.Put(entry.Bus, entry.Source, entry.DetailType, entry.Resources, entry.Detail, entry.Time)
}

// parameters returns the SSM parameters of the environment local, which resources/deploy.md lists:
// those that this service defines, and those that its deployment reads.
func parameters(baseURL, region string, create *lambda.Function, peers Settings) map[string]string {
	apiARN := func(api string) string {
		return "arn:aws:execute-api:" + region + ":" + lambda.Account + ":" + api + "/" + apigateway.Stage
	}
	all := map[string]string{
		"orders/api/url":           baseURL,
		"orders/api/arn":           apiARN("orders"),
		"orders/create-order/arn":  create.ARN() + ":live",
		"orders/table/name":        tableName,
		"products/api/url":         peers.ProductsURL,
		"products/api/arn":         apiARN("products"),
		"delivery-pricing/api/url": peers.DeliveryURL,
		"delivery-pricing/api/arn": apiARN("delivery-pricing"),
		"payment/api/url":          peers.PaymentURL,
		"payment/api/arn":          apiARN("payment"),
		"users/user-pool/arn":      "arn:aws:cognito-idp:" + region + ":" + lambda.Account + ":userpool/" + apigateway.Stage,
		"platform/event-bus/name":  eventBusName,
		"platform/event-bus/arn":   "arn:aws:events:" + region + ":" + lambda.Account + ":event-bus/" + eventBusName,
	}
	named := make(map[string]string, len(all))
	for name, value := range all {
		named["/ecommerce/local/"+name] = value
	}
	return named
}

// registerFakePeers adds the fake peers, which require signatures as on AWS, and the endpoints that
// belong to them.
func (s *Service) registerFakePeers(mux *http.ServeMux, signatures apigateway.Verifier) {
	catalogue := fakepeers.NewCatalogue()
	for name, fake := range map[string]http.Handler{
		"delivery-pricing": fakepeers.PricingHandler(),
		"payment":          s.payment.ValidateHandler(),
		"products":         catalogue.ValidateHandler(),
		"users":            fakepeers.UsersHandler(),
	} {
		mux.Handle(fakePeersPath+name+"/", signatures.Require(s.faults.Peer(name, http.StripPrefix(fakePeersPath+name, fake))))
	}
	mux.Handle("/payment-3p/", http.StripPrefix("/payment-3p", s.payment.PreauthHandler()))
	mux.Handle("GET /_local/products", catalogue.ListHandler())
	mux.Handle("GET /_local/sample-order", fakepeers.SampleOrderHandler(catalogue, &s.payment))
}

// registerInspection adds the endpoints with which developers sign in and look inside.
func (s *Service) registerInspection(mux *http.ServeMux, tokens *apigateway.TokenIssuer) {
	mux.HandleFunc("GET /_local/token", func(w http.ResponseWriter, r *http.Request) {
		token, err := tokens.Issue(r.URL.Query().Get("sub"))
		if errors.Is(err, apigateway.ErrSubject) {
			apigateway.Respond(w, http.StatusBadRequest, "sub must name a user: /_local/token?sub=USER")
			return
		}
		if err != nil {
			apigateway.Respond(w, http.StatusInternalServerError, "Internal server error")
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, token) // fails only if the client has gone
	})
	mux.HandleFunc("GET /_local/events", func(w http.ResponseWriter, r *http.Request) {
		events, err := filterEvents(s.bus.Events(), r.URL.Query())
		if err != nil {
			apigateway.Respond(w, http.StatusBadRequest, err.Error())
			return
		}
		writeJSON(w, events)
	})
	mux.HandleFunc("GET /_local/dead-letters", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.deadLetters()) })
	mux.HandleFunc("GET /_local/runtime", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.runtimeStats()) })
}

// filterEvents returns the events of an order (orderId) and of a detail type (type) that follow the
// event with an ID (after), at most a number of them (limit).
func filterEvents(events []eventbridge.Event, query url.Values) ([]eventbridge.Event, error) {
	if after := query.Get("after"); after != "" {
		i := slices.IndexFunc(events, func(e eventbridge.Event) bool { return e.ID == after })
		if i < 0 {
			return nil, errors.New("after must be the ID of an event")
		}
		events = events[i+1:]
	}
	limit := len(events)
	if query.Has("limit") {
		var err error
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < 1 {
			return nil, errors.New("limit must be at least 1")
		}
	}
	orderID, detailType := query.Get("orderId"), query.Get("type")
	found := []eventbridge.Event{}
	for _, e := range events {
		if len(found) == limit {
			break
		}
		if (orderID == "" || slices.Contains(e.Resources, orderID)) && (detailType == "" || e.DetailType == detailType) {
			found = append(found, e)
		}
	}
	return found, nil
}

// runtimeStats are what a load run watches of the process.
type runtimeStats struct {
	Goroutines    int          `json:"goroutines"`
	LiveHeapBytes uint64       `json:"liveHeapBytes"` // after the last garbage collection
	Peers         []peer.Stats `json:"peers"`
}

func (s *Service) runtimeStats() runtimeStats {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return runtimeStats{Goroutines: runtime.NumGoroutine(), LiveHeapBytes: live[0].Value.Uint64(), Peers: peer.StatsOf(s.checkers)}
}

func writeJSON(w http.ResponseWriter, value any) {
	body, err := strictjson.Marshal(value)
	if err != nil {
		apigateway.Respond(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // fails only if the client has gone
}
