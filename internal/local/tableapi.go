package local

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"

	"orders/internal/dynamo/streamimage"
	"orders/internal/order"
)

// forwardTo returns the API of a DynamoDB Local and its streams.
func forwardTo(endpoint string) (http.Handler, error) {
	target, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("parse the endpoint of DynamoDB Local: %w", err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			respondAsDynamoDB(w, http.StatusInternalServerError, []byte(`{"__type":"InternalServerError","message":"DynamoDB Local is unreachable"}`))
		},
	}, nil
}

// A memoryTable is the API of a table in memory: GetItem, so that operators can read and publish an
// order. There is no stream.
type memoryTable struct{ orders order.Store }

func (t memoryTable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "DynamoDB_20120810.GetItem" {
		respondAsDynamoDB(w, http.StatusBadRequest, []byte(`{"__type":"UnknownOperationException","message":"With TABLE=memory, only GetItem is supported"}`))
		return
	}
	var input struct {
		Key struct {
			OrderID struct{ S string } `json:"orderId"`
		}
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&input); err != nil {
		respondAsDynamoDB(w, http.StatusBadRequest, []byte(`{"__type":"SerializationException"}`))
		return
	}
	stored, err := t.orders.Get(r.Context(), input.Key.OrderID.S)
	if order.KindOf(err) == order.NotFound {
		respondAsDynamoDB(w, http.StatusOK, []byte(`{}`))
		return
	}
	var item json.RawMessage
	if err == nil {
		item, err = streamimage.Encode(stored.Document)
	}
	if err != nil {
		respondAsDynamoDB(w, http.StatusInternalServerError, []byte(`{"__type":"InternalServerError","message":"the order cannot be read"}`))
		return
	}
	respondAsDynamoDB(w, http.StatusOK, append(append([]byte(`{"Item":`), item...), '}'))
}

// respondAsDynamoDB adds the checksum that clients of DynamoDB require.
func respondAsDynamoDB(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has gone
}
