package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"orders/internal/dynamo/streamimage/streamtest"
	"orders/internal/order"
)

// What the dependencies take for a response, besides the time of the connection.
const (
	peerDelay  = 20 * time.Millisecond
	busDelay   = 5 * time.Millisecond
	tableDelay = 3 * time.Millisecond
)

const (
	deliveryPrice = 1000 // of every order

	// rejectedShare is the share of entries that the rejecting bus rejects.
	rejectedShare = 0.03

	busVariable = "AWS_ENDPOINT_URL_EVENTBRIDGE"
)

// dependencies are what the functions call: fakes of the peers, the bus and the table, over HTTPS
// as on AWS, and an X-Ray daemon.
type dependencies struct {
	url     string
	env     map[string]string // of every function
	table   *table
	server  *httptest.Server
	daemon  net.PacketConn // discards traces
	reading sync.WaitGroup
	folder  string // of the certificates
}

func startDependencies() (d *dependencies, err error) {
	d = &dependencies{table: &table{items: map[string]json.RawMessage{}}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.daemon, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return d, err
	}
	d.reading.Go(d.discardTraces)
	d.server = httptest.NewUnstartedServer(d.routes())
	d.server.Config.ErrorLog = log.New(io.Discard, "", 0) // functions may give up a handshake
	d.server.StartTLS()
	d.url = d.server.URL
	if d.folder, err = os.MkdirTemp("", "orders-bench"); err != nil {
		return d, err
	}
	roots, err := d.writeRoots()
	d.env = map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": d.url + "/table",
		busVariable:                 d.url + "/bus",
		"AWS_XRAY_DAEMON_ADDRESS":   d.daemon.LocalAddr().String(),
		"DEAD_LETTER_QUEUE_URL":     d.url + "/dead-letters",
		"DELIVERY_API_URL":          d.url + "/delivery",
		"ENVIRONMENT":               "bench",
		"EVENT_BUS_NAME":            "bench",
		"LOG_LEVEL":                 "INFO",
		"PAYMENT_API_URL":           d.url + "/payment",
		"PRODUCTS_API_URL":          d.url + "/products",
		"SSL_CERT_FILE":             roots,
		"TABLE_NAME":                "bench-orders",
	}
	return d, err
}

// routes returns peers that accept every newOrder, two buses and the table.
func (d *dependencies) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, delay time.Duration, respond func(r *http.Request, body []byte) []byte) {
		serve := func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			time.Sleep(delay)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(respond(r, body))
		}
		mux.HandleFunc("POST "+path, serve)
		mux.HandleFunc("POST "+path+"/{$}", serve)
	}
	always := func(text string) func(*http.Request, []byte) []byte {
		return func(*http.Request, []byte) []byte { return []byte(text) }
	}
	handle("/delivery/backend/pricing", peerDelay, always(`{"pricing":1000}`))
	handle("/payment/backend/validate", peerDelay, always(`{"ok":true}`))
	handle("/products/backend/validate", peerDelay, always(`{"message":"All products are valid"}`))
	handle("/bus", busDelay, func(_ *http.Request, body []byte) []byte { return putEvents(body, 0) })
	handle("/rejecting-bus", busDelay, func(_ *http.Request, body []byte) []byte { return putEvents(body, rejectedShare) })
	handle("/table", tableDelay, d.table.respond)
	return mux
}

// putEvents returns the response to PutEvents of a bus that rejects some entries.
func putEvents(body []byte, rejected float64) []byte {
	var in struct{ Entries []json.RawMessage }
	if json.Unmarshal(body, &in) != nil {
		return nil
	}
	failed, results := 0, make([]map[string]string, len(in.Entries))
	for i := range results {
		results[i] = map[string]string{"EventId": "bench"}
		if rand.Float64() < rejected {
			failed++
			results[i] = map[string]string{"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
		}
	}
	return encode(map[string]any{"FailedEntryCount": failed, "Entries": results})
}

// A table is as much of DynamoDB as the measured calls need: no condition ever fails, and updates
// are forgotten.
type table struct {
	mu    sync.Mutex
	items map[string]json.RawMessage
}

// put stores an order that a function will read.
func (t *table) put(o order.Order) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.items[o.OrderID] = streamtest.Image(o)
}

func (t *table) respond(r *http.Request, body []byte) []byte {
	var in struct {
		Key struct{ OrderID struct{ S string } }
	}
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem") || json.Unmarshal(body, &in) != nil {
		return []byte("{}")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return encode(map[string]json.RawMessage{"Item": t.items[in.Key.OrderID.S]})
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of it can be marshaled
	}
	return text
}

// systemRoots are read together with the server's own certificate, because reading them is part of
// what the first HTTPS call costs.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// writeRoots writes the root certificates that functions trust.
func (d *dependencies) writeRoots() (file string, err error) {
	roots, err := os.ReadFile(systemRoots)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.server.Certificate().Raw})
	file = filepath.Join(d.folder, "roots.pem")
	return file, os.WriteFile(file, append(roots, own...), 0o600)
}

func (d *dependencies) discardTraces() {
	datagram := make([]byte, 1<<16)
	for {
		if _, _, err := d.daemon.ReadFrom(datagram); err != nil {
			return
		}
	}
}

func (d *dependencies) close() {
	if d.server != nil {
		d.server.Close()
	}
	if d.daemon != nil {
		_ = d.daemon.Close()
		d.reading.Wait()
	}
	_ = os.RemoveAll(d.folder)
}
