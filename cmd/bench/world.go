package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	"orders/internal/lambdaruntime"
)

// How long everything that functions call takes to answer.
const (
	neighbourDelay = 20 * time.Millisecond
	busDelay       = 5 * time.Millisecond
)

// A world is all that the functions need around them.
type world struct {
	table     table
	env       map[string]string // of every function
	neighbour *httptest.Server  // all of them, and the bus
	daemon    net.PacketConn    // takes traces, and drops them
	draining  sync.WaitGroup
	folder    string // of the certificates
}

func newWorld(ctx context.Context, o options) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.folder, err = os.MkdirTemp("", "orders-bench"); err != nil {
		return w, err
	}
	if w.daemon, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return w, err
	}
	w.draining.Go(w.drain)
	w.neighbour = serve(neighbours(), o.tls)
	if w.table, err = openTable(ctx, o); err != nil {
		return w, err
	}
	w.env = map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB":    w.table.endpoint,
		"AWS_ENDPOINT_URL_EVENTBRIDGE": w.neighbour.URL + "/bus",
		"AWS_XRAY_DAEMON_ADDRESS":      w.daemon.LocalAddr().String(),
		"DELIVERY_API_URL":             w.neighbour.URL + "/delivery",
		"ENVIRONMENT":                  "bench",
		"EVENT_BUS_NAME":               "bench",
		"LOG_LEVEL":                    "INFO",
		"PARALLEL":                     "1", // is for the floor of table-update
		"PAYMENT_API_URL":              w.neighbour.URL + "/payment",
		"PRODUCTS_API_URL":             w.neighbour.URL + "/products",
		"TABLE_NAME":                   tableName,
	}
	if o.tls {
		w.env["SSL_CERT_FILE"], err = w.certificates()
	}
	return w, err
}

// neighbours agree to every newOrder. The bus accepts everything.
func neighbours() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, delay time.Duration, make func(request []byte) []byte) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			request, _ := io.ReadAll(r.Body) // a client that is gone needs no answer
			time.Sleep(delay)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(make(request))
		})
	}
	always := func(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }
	answer("POST /delivery/backend/pricing", neighbourDelay, always(`{"pricing":1000}`))
	answer("POST /payment/backend/validate", neighbourDelay, always(`{"ok":true}`))
	answer("POST /products/backend/validate", neighbourDelay, always(`{"message":"All products are valid"}`))
	answer("POST /bus", busDelay, accept)
	answer("POST /bus/", busDelay, accept)
	return mux
}

// accept is what PutEvents answers.
func accept(request []byte) []byte {
	var in struct{ Entries []json.RawMessage }
	if json.Unmarshal(request, &in) != nil {
		return nil
	}
	ids := make([]map[string]string, len(in.Entries))
	for i := range ids {
		ids[i] = map[string]string{"EventId": "bench"}
	}
	answer, _ := json.Marshal(map[string]any{"FailedEntryCount": 0, "Entries": ids}) // cannot fail
	return answer
}

func serve(handler http.Handler, tls bool) *httptest.Server {
	if tls {
		return httptest.NewTLSServer(handler)
	}
	return httptest.NewServer(handler)
}

// systemRoots are read with the servers' own, since reading them is part of what a first HTTPS call costs.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// certificates writes the roots that functions are to trust.
func (w *world) certificates() (file string, err error) {
	roots, err := os.ReadFile(systemRoots)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.neighbour.Certificate().Raw}) // all servers have this one
	file = filepath.Join(w.folder, "roots.pem")
	return file, os.WriteFile(file, append(roots, own...), 0o600)
}

func (w *world) drain() {
	datagram := make([]byte, 1<<16)
	for {
		if _, _, err := w.daemon.ReadFrom(datagram); err != nil {
			return
		}
	}
}

func (w *world) close() {
	w.table.close()
	if w.neighbour != nil {
		w.neighbour.Close()
	}
	if w.daemon != nil {
		_ = w.daemon.Close()
		w.draining.Wait()
	}
	_ = os.RemoveAll(w.folder)
}

// start starts a program, and returns when it asks for its first event.
func (w *world) start(ctx context.Context, p program) (*lambdaruntime.Function, error) {
	return lambdaruntime.Start(ctx, lambdaruntime.Options{Binary: p.binary, Name: p.name, Env: w.env, Memory: 1769, Timeout: time.Minute})
}
