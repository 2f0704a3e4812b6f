package load

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/dynamo"
	"orders/internal/environment"
	"orders/internal/local/dynamodb/dynamodbtest"
	"orders/internal/order/ordertest"
)

// echo returns the request's body.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })

// call sends one request to a peer, for which this number is drawn.
func call(ctx context.Context, i *injector, number float64) (w *httptest.ResponseRecorder, took time.Duration) {
	i.next, i.delay, i.log, i.random = echo, peerDelay, &faultLog{}, func() float64 { return number }
	began := time.Now()
	w = httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader("body")))
	return w, time.Since(began)
}

func TestFaultsAreChosenByTheirShares(t *testing.T) {
	rates := []faultRate{{stall, 0.02}, {serverError, 0.05}, {reset, 0.01}}
	for number, want := range map[float64]faultKind{
		0: stall, 0.0199: stall, 0.0201: serverError, 0.0699: serverError, 0.0701: reset, 0.0799: reset,
		0.0801: noFault, 0.999: noFault,
	} {
		require.Equal(t, want, chooseFault(rates, number), number)
	}
	require.Equal(t, noFault, chooseFault(nil, 0))
}

func TestInjectedFaults(t *testing.T) {
	for name, test := range map[string]struct {
		number float64
		status int
		took   time.Duration
		logged []faultKind
	}{
		"none":           {0.9, 200, peerDelay, nil},
		"a stall":        {0.05, 200, stallTime, []faultKind{stall}},
		"a server error": {0.15, 500, peerDelay, []faultKind{serverError}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := &injector{name: "users", rates: []faultRate{{stall, 0.1}, {serverError, 0.1}}}
				w, took := call(t.Context(), i, test.number)
				require.Equal(t, test.status, w.Code)
				require.Equal(t, test.took, took)
				if test.status == 200 {
					require.Equal(t, "body", w.Body.String())
				}
				var logged []faultKind
				for _, f := range i.log.list() {
					require.Equal(t, "users", f.where)
					logged = append(logged, f.kind)
				}
				require.Equal(t, test.logged, logged)
			})
		})
	}
}

func TestASilentPeerDoesNotRespond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		i := &injector{}
		forced := silence
		i.forced.Store(&forced)
		w, took := call(ctx, i, 0.9)
		require.Equal(t, time.Hour, took, "until the client goes")
		require.Empty(t, w.Body.String())
		require.Len(t, i.log.list(), 1)
	})
}

func TestASlowDependency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, took := call(t.Context(), &injector{slow: time.Second}, 0.9)
		require.Equal(t, time.Second+peerDelay, took)
		require.Equal(t, "body", w.Body.String())
	})
}

func TestAStallEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, took := call(ctx, &injector{rates: []faultRate{{stall, 1}}}, 0)
		require.Equal(t, time.Second, took)
	})
}

func TestNoFaultIsInjectedAfterTheirEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &injector{rates: []faultRate{{stall, 1}}, slow: time.Second}
		forced := silence
		i.forced.Store(&forced)
		i.ended.Store(true)
		w, took := call(t.Context(), i, 0)
		require.Equal(t, peerDelay, took)
		require.Equal(t, "body", w.Body.String())
		require.Empty(t, i.log.list())
	})
}

// Each request in flight has an environment of its own, and the first request of each waits for its
// start.
func TestAColdPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &injector{name: "payment", next: echo, delay: peerDelay, coldStart: 4 * time.Second, log: &faultLog{}}
		send := func(ctx context.Context) time.Duration {
			synctest.Wait() // an environment becomes idle just as its response is sent
			began := time.Now()
			i.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/", nil))
			return time.Since(began)
		}
		require.Equal(t, 4*time.Second+peerDelay, send(t.Context()))
		require.Equal(t, peerDelay, send(t.Context()))
		var other time.Duration
		var both sync.WaitGroup
		both.Go(func() { other = send(t.Context()) })
		time.Sleep(peerDelay / 2)
		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		require.Equal(t, time.Second, send(canceled), "the first environment is busy")
		both.Wait()
		require.Equal(t, peerDelay, other)

		time.Sleep(4 * time.Second)
		both.Go(func() { other = send(t.Context()) })
		time.Sleep(peerDelay / 2)
		require.Equal(t, peerDelay, send(t.Context()), "an environment starts even if its client has gone")
		both.Wait()
		require.Equal(t, peerDelay, other)
	})
}

func TestInvalidOrdersAreRecognizedInTheRequestToProducts(t *testing.T) {
	d := startPeers(t)
	requests, err := newOrderRequests(d, []customer{{}}, 80, 0.25)
	require.NoError(t, err)
	products := &injector{name: "products", next: echo, isInvalid: isInvalid, log: &faultLog{}}
	for i, request := range requests {
		require.Equal(t, i%40 < 10, request.invalid, i)
		body, err := json.Marshal(map[string]any{"products": request.want.Products})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		products.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body)))
		require.Equal(t, request.invalid, w.Code == http.StatusBadGateway, i)
	}
}

func TestCallsAreCountedByOrder(t *testing.T) {
	put := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
	put.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutItem")
	require.Equal(t, []string{"o-1"}, ordersPut(put, []byte(`{"Item":{"orderId":{"S":"o-1"}}}`)))
	get := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
	get.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	require.Empty(t, ordersPut(get, []byte(`{"Key":{"orderId":{"S":"o-1"}}}`)))
	require.Equal(t, []string{"o-1", "o-2"}, ordersPublished(nil, []byte(`{"Entries":[{"Resources":["o-1"]},{"Resources":["o-2"]}]}`)))

	i := &injector{}
	i.count([]string{"o-1", "o-2"})
	i.count([]string{"o-1"})
	require.Equal(t, 2, (&dependencies{injectors: map[string]*injector{"bus": i, "table": {}}}).mostCalls())
}

func TestAResetIsSeenAsOne(t *testing.T) {
	s, err := startServer(&injector{next: echo, rates: []faultRate{{reset, 1}}, log: &faultLog{}})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	_, err = client.Post(s.url, "text/plain", strings.NewReader("body"))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.NoError(t, s.close())
}

func startPeers(t *testing.T) *dependencies {
	t.Helper()
	d, err := startDependencies(t.Context(), scenario{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.close()) })
	return d
}

func TestAWindowLastsFromOneTimeToTheOther(t *testing.T) {
	d := startPeers(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		w := &window{peer: "payment", kind: rateLimit}
		go d.force(t.Context(), w, start.Add(2*time.Second), start.Add(5*time.Second))
		for second := range 7 {
			synctest.Wait()
			forced := d.injectors["payment"].forced.Load()
			require.Equal(t, second >= 2 && second < 5, forced != nil, second)
			if forced != nil {
				require.Equal(t, rateLimit, *forced)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestPeersRejectRequestsWithoutSignature(t *testing.T) {
	d := startPeers(t)
	require.Len(t, d.environment, 4)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, variable := range d.environment {
		_, peer, _ := strings.Cut(variable, "=")
		w, err := client.Post(peer+"/backend/validate", "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.NoError(t, w.Body.Close())
		require.Equal(t, http.StatusForbidden, w.StatusCode, variable)
	}
}

// The service's real adapter retries throttled writes, and reads are not throttled.
func TestThrottledWritesReachTheAdapter(t *testing.T) {
	endpoint := dynamodbtest.Start(t)
	d := &dependencies{injectors: map[string]*injector{}, log: &faultLog{}}
	defer func() { require.NoError(t, d.close()) }()
	writes := 0
	target, err := url.Parse(endpoint)
	require.NoError(t, err)
	table := &injector{name: "table", next: d.forward(func() *url.URL { return target }), calls: ordersPut, rates: []faultRate{{throttle, 0.5}}}
	table.random = func() float64 { writes++; return min(0.2*float64(writes), 0.9) } // two of them below 0.5
	require.NoError(t, d.start(table, "DYNAMODB_ENDPOINT"))
	_, injected, _ := strings.Cut(d.environment[0], "=")

	env := environment.NewReader(func(name string) string {
		return map[string]string{"AWS_REGION": region, "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey}[name]
	})
	client := dynamo.NewClient(env.AWS(), injected, dynamo.Timing{FirstDelay: time.Millisecond, MaxDelay: time.Millisecond})
	defer client.Options().HTTPClient.(*http.Client).CloseIdleConnections()
	store := &dynamo.Store{Client: client, Table: dynamodbtest.Table(t, endpoint)}
	o := ordertest.Sample()
	_, err = store.Create(t.Context(), o)
	require.NoError(t, err)
	require.GreaterOrEqual(t, writes, 3, "a slow start of the table may cost further attempts")
	table.random = func() float64 { return 0 }
	_, err = store.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	require.Equal(t, []faultKind{throttle, throttle}, []faultKind{d.log.list()[0].kind, d.log.list()[1].kind})
	require.Len(t, d.log.list(), 2)
	require.Equal(t, writes, d.mostCalls())
}
