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

// TestADeployedService takes the way that leads to AWS, to a local service in the clothes of one that is deployed.
func TestADeployedService(t *testing.T) {
	local := startLocal(t)
	cloud := &account{t: t, local: local}
	server := httptest.NewServer(cloud.routes())
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
	_, err := placeOf(t.Context(), getenv)
	require.ErrorContains(t, err, "ACCEPTANCE_PRODUCTS")

	variables["ACCEPTANCE_PRODUCTS"] = products(t, local)
	where, err := placeOf(t.Context(), getenv)
	require.NoError(t, err)
	t.Run("cleans up", func(t *testing.T) { accept(t, where) })
	require.Len(t, cloud.allDeleted(), 5, "all orders that were made")
	before := cloud.reported()
	require.NotEmpty(t, before)
	require.Subset(t, cloud.allDeleted(), before, "no event is about an order that does not exist, unless asked for")

	variables["ACCEPTANCE_NEIGHBOURS"], variables["ACCEPTANCE_GHOST"] = "prod", "yes"
	cloud.forbid()
	where, err = placeOf(t.Context(), getenv)
	require.NoError(t, err)
	t.Run("is not allowed to clean up", func(t *testing.T) { accept(t, where) })
	require.Len(t, cloud.allDeleted(), 5)
	require.Len(t, cloud.reported(), 2*len(before)+1, "the same, and the ghost")
}

// products is a file of what there is to order.
func products(t *testing.T, local string) (file string) {
	t.Helper()
	response, err := http.Get(local + "/_local/products")
	require.NoError(t, err)
	defer response.Body.Close()
	list, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "products.json")
	require.NoError(t, os.WriteFile(file, list, 0o600))
	return file
}

// An account is a local service behind the parameters of every environment, and its table's DeleteItem.
type account struct {
	t     *testing.T
	local string

	mu      sync.Mutex
	keeps   bool // whether nobody may delete
	deleted []string
	reports []string // the orders that events on the bus were about, each once
}

func (a *account) routes() http.Handler {
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
			a.hear(body)
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

func (a *account) deleteItem(w http.ResponseWriter, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.keeps {
		answerAsDynamoDB(w, http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`)
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
	answerAsDynamoDB(w, http.StatusOK, `{}`)
}

func (a *account) hear(body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var in struct {
		Entries []struct{ Resources []string }
	}
	if json.Unmarshal(body, &in) != nil {
		return // the service will say so
	}
	for _, entry := range in.Entries {
		a.reports = slices.Compact(slices.Sorted(slices.Values(append(a.reports, entry.Resources...))))
	}
}

func (a *account) reported() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.reports)
}

func (a *account) forbid() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keeps = true
}

func (a *account) allDeleted() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.deleted)
}

// answerAsDynamoDB answers with the checksum that clients of DynamoDB look for.
func answerAsDynamoDB(w http.ResponseWriter, status int, text string) {
	w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE([]byte(text))))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
