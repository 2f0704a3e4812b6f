package e2e

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/test/testworld"
)

// calledBy returns the servers that a function connects to.
func calledBy(d *deployment) map[string][]*testworld.Server {
	return map[string][]*testworld.Server{
		testworld.CreateOrder: {d.Peers, d.Table},
		testworld.GetOrder:    {d.Table},
		testworld.OnEvents:    {d.Table},
		testworld.TableUpdate: {d.Bus},
	}
}

// Before its first event, a function connects to everything that it calls, and sends, logs and
// traces nothing: no request is counted, and no unsigned one raises an alarm.
func TestStartConnectsAndIsSilent(t *testing.T) {
	t.Parallel()
	d := deploy(t, http.NotFoundHandler(), "no-table")
	for name, servers := range calledBy(d) {
		before := map[*testworld.Server]int64{}
		for _, s := range servers {
			before[s] = s.Open.Load()
		}
		d.Start(t, name)
		for _, s := range servers {
			connected := func() bool { return s.Open.Load() == before[s]+1 } // it learns of a connection later than the client
			require.Eventually(t, connected, 10*time.Second, time.Millisecond, name)
		}
	}
	for _, s := range []*testworld.Server{d.Peers, d.Table, d.Bus, d.DeadLetters} {
		require.Zero(t, s.Requests.Load())
	}
	d.Close(t)
	require.Empty(t, d.Log.String())
	require.Empty(t, strings.TrimSpace(d.Traces.String()))
}

// A function starts and responds whatever is the matter with what it connects to.
func TestStartSurvivesUnavailableHosts(t *testing.T) {
	t.Parallel()
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, refusing.Close())
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in its backlog, and so do handshakes
	require.NoError(t, err)
	defer hanging.Close()
	for fault, url := range map[string]string{
		"refused":       "http://" + refusing.Addr().String(),
		"hanging":       "https://" + hanging.Addr().String(),
		"no such host":  "https://peer.invalid",
		"no such route": "http://0.0.0.1",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, http.NotFoundHandler(), "no-table")
			elsewhere := func(o *lambdaruntime.Options) {
				shortTimeout(o)
				for name, value := range o.Env {
					if strings.HasPrefix(value, "http://") {
						o.Env[name] = url
					}
				}
			}
			user, id := uuid.NewString(), uuid.NewString()
			create := d.Start(t, testworld.CreateOrder, elsewhere)
			require.Equal(t, http.StatusServiceUnavailable, request(t, create, testworld.Post(user, d.order())).StatusCode)
			read := d.Start(t, testworld.GetOrder, elsewhere)
			require.Equal(t, http.StatusServiceUnavailable, request(t, read, testworld.Get("/backend/{orderId}", "", id)).StatusCode)
			update := d.Start(t, testworld.OnEvents, elsewhere)
			_, err := invoke(t, update, testworld.FulfilmentUpdate("ecommerce.delivery", "DeliveryFailed", map[string]any{}, id))
			require.ErrorContains(t, err, "Service unavailable")
			publish := d.Start(t, testworld.TableUpdate, elsewhere)
			for _, f := range []*lambdaruntime.Function{create, read, update, publish} {
				require.Equal(t, 1, f.Process().Number, "it has not crashed")
			}
		})
	}
}
