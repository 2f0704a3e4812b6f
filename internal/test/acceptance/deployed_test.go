package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// buyer is the user whose token the tests of a deployed service get.
const buyer = "22222222-3333-4444-8555-666666666666"

// TestDeployedService runs the acceptance tests as against AWS, against a local service that looks
// like a deployed one.
func TestDeployedService(t *testing.T) {
	local := startLocal(t)
	account := &fakeAccount{t: t, local: local}
	server := httptest.NewServer(account.routes())
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_REGION": "eu-west-1", "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	variables := map[string]string{"ENVIRONMENT": "dev"}
	getenv := func(name string) string { return variables[name] }
	_, err := readTarget(getenv)
	require.ErrorContains(t, err, "ACCEPTANCE_PRODUCTS")

	variables["ACCEPTANCE_PRODUCTS"] = products(t, local)
	service, err := readTarget(getenv)
	require.NoError(t, err)
	t.Run("cleans up", func(t *testing.T) { accept(t, service) })
	require.Len(t, account.allDeleted(), 5, "all orders that were created")
	before := account.updated()
	require.NotEmpty(t, before)
	require.Subset(t, account.allDeleted(), before, "no update for an unknown order unless it is requested")

	variables["ACCEPTANCE_PEERS"], variables["ACCEPTANCE_GHOST"] = "prod", "yes"
	variables["ACCEPTANCE_TOKEN"] = get(t, local+"/_local/token?sub="+buyer)
	_, err = readTarget(getenv)
	require.ErrorContains(t, err, "ACCEPTANCE_USER")
	variables["ACCEPTANCE_USER"] = buyer
	account.denyDeletes()
	service, err = readTarget(getenv)
	require.NoError(t, err)
	t.Run("may not clean up", func(t *testing.T) { accept(t, service) })
	require.Len(t, account.allDeleted(), 5)
	require.Len(t, account.updated(), 2*len(before)+1, "the same, and the unknown order")
}

// products writes the file of products to order.
func products(t *testing.T, local string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "products.json")
	require.NoError(t, os.WriteFile(file, []byte(get(t, local+"/_local/products")), 0o600))
	return file
}

func get(t *testing.T, url string) (body string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s: %s", url, text)
	return string(text)
}

// A fakeAccount is a local service with the parameters of every environment and its table's
// DeleteItem.
type fakeAccount struct {
	t     *testing.T
	local string

	mu      sync.Mutex
	denied  bool // whether DeleteItem is denied
	deleted []string
	updates []string // the orders of the events that were put on the bus, each once
}

func (a *fakeAccount) routes() http.Handler {
	to, err := url.Parse(a.local)
	require.NoError(a.t, err)
	others := httputil.NewSingleHostReverseProxy(to)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		switch r.Header.Get("X-Amz-Target") {
		case "DynamoDB_20120810.DeleteItem":
			a.deleteItem(w, body)
			return
		case "AWSEvents.PutEvents":
			a.recordEvents(body)
		case "AmazonSSM.GetParameter":
			if bytes.Contains(body, []byte("payment-3p")) {
				_, _ = io.WriteString(w, `{"Parameter":{"Value":"`+a.local+`/payment-3p"}}`)
				return
			}
			body = []byte(strings.NewReplacer("/dev/", "/local/", "/prod/", "/local/").Replace(string(body)))
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		others.ServeHTTP(w, r)
	})
}

func (a *fakeAccount) deleteItem(w http.ResponseWriter, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.denied {
		respondAsDynamoDB(w, http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`)
		return
	}
	var in struct {
		TableName string
		Key       struct {
			OrderID struct{ S string } `json:"orderId"`
		}
	}
	if json.Unmarshal(body, &in) == nil && in.TableName == "local-orders" && in.Key.OrderID.S != "" {
		a.deleted = append(a.deleted, in.Key.OrderID.S)
	}
	respondAsDynamoDB(w, http.StatusOK, `{}`)
}

func (a *fakeAccount) recordEvents(body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var in struct {
		Entries []struct{ Resources []string }
	}
	if json.Unmarshal(body, &in) != nil {
		return // the service rejects it
	}
	for _, entry := range in.Entries {
		a.updates = slices.Compact(slices.Sorted(slices.Values(append(a.updates, entry.Resources...))))
	}
}

func (a *fakeAccount) updated() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.updates)
}

func (a *fakeAccount) denyDeletes() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.denied = true
}

func (a *fakeAccount) allDeleted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.deleted)
}

// respondAsDynamoDB adds the checksum that clients of DynamoDB require.
func respondAsDynamoDB(w http.ResponseWriter, status int, text string) {
	w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE([]byte(text))))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
