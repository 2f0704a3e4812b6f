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

// dependencies are what the functions call: fakes of the peers, the bus and the table, each a
// server of its own with HTTPS as on AWS, and an X-Ray daemon.
type dependencies struct {
	env          map[string]string // of every function
	rejectingBus string            // the URL of a bus that rejects some entries
	table        *table
	servers      []*httptest.Server
	daemon       net.PacketConn // discards traces
	reading      sync.WaitGroup
	folder       string // of the certificates
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
	d.rejectingBus = d.serve("/", busDelay, func(_ *http.Request, body []byte) []byte { return putEvents(body, rejectedShare) })
	queue := d.serve("/", busDelay, always(`{"MessageId":"bench"}`))
	d.env = map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": d.serve("/", tableDelay, d.table.respond),
		busVariable:                 d.serve("/", busDelay, func(_ *http.Request, body []byte) []byte { return putEvents(body, 0) }),
		"AWS_XRAY_DAEMON_ADDRESS":   d.daemon.LocalAddr().String(),
		"DELIVERY_API_URL":          d.serve("/backend/pricing", peerDelay, always(`{"pricing":1000}`)),
		"DEAD_LETTER_QUEUE_URL":     queue + "/123456789012/dead-letters",
		"ENVIRONMENT":               "bench",
		"EVENT_BUS_NAME":            "bench",
		"LOG_LEVEL":                 "INFO",
		"PAYMENT_API_URL":           d.serve("/backend/validate", peerDelay, always(`{"ok":true}`)),
		"PRODUCTS_API_URL":          d.serve("/backend/validate", peerDelay, always(`{"message":"All products are valid"}`)),
		"TABLE_NAME":                "bench-orders",
	}
	if d.folder, err = os.MkdirTemp("", "orders-bench"); err != nil {
		return d, err
	}
	d.env["SSL_CERT_FILE"], err = d.writeRoots()
	return d, err
}

// serve starts a server that responds to every POST on a path, and returns its URL.
func (d *dependencies) serve(path string, delay time.Duration, respond func(r *http.Request, body []byte) []byte) (url string) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		time.Sleep(delay)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(respond(r, body))
	})
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // functions may give up a handshake
	server.StartTLS()
	d.servers = append(d.servers, server)
	return server.URL
}

// always returns a response of a peer that accepts every newOrder.
func always(text string) func(*http.Request, []byte) []byte {
	return func(*http.Request, []byte) []byte { return []byte(text) }
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

// systemRoots are read together with the servers' own certificate, because reading them is part of
// what the first HTTPS call costs.
const systemRoots = "/etc/ssl/certs/ca-certificates.crt"

// writeRoots writes the root certificates that functions trust.
func (d *dependencies) writeRoots() (file string, err error) {
	roots, err := os.ReadFile(systemRoots)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.servers[0].Certificate().Raw}) // all have this one
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
	for _, server := range d.servers {
		server.Close()
	}
	if d.daemon != nil {
		_ = d.daemon.Close()
		d.reading.Wait()
	}
	_ = os.RemoveAll(d.folder)
}
