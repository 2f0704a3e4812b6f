package console

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// An operation is one operation of the OpenAPI document.
type operation struct {
	ID          string `yaml:"operationId"`
	Method      string `yaml:"-"`
	Path        string `yaml:"-"`
	Summary     string
	Description string
	Parameters  []parameter
	Security    []map[string][]string
	RequestBody struct{ Description string } `yaml:"requestBody"`
	Responses   map[string]response
}

type parameter struct {
	Name        string
	In          string
	Required    bool
	Description string
	Ref         string `yaml:"$ref"`
}

type response struct {
	Description string
	Ref         string `yaml:"$ref"`
}

// parseOpenAPI returns the operations of the document, without preflights.
func parseOpenAPI(text []byte) ([]operation, error) {
	var document struct {
		Paths      map[string]map[string]yaml.Node
		Components struct {
			Parameters map[string]parameter
			Responses  map[string]response
		}
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	var operations []operation
	for path, methods := range document.Paths {
		for method, node := range methods {
			if method != "get" && method != "post" {
				continue
			}
			o := operation{Method: strings.ToUpper(method), Path: path}
			if err := node.Decode(&o); err != nil {
				return nil, fmt.Errorf("OpenAPI document: %s %s: %w", method, path, err)
			}
			for i, p := range o.Parameters {
				if p.Ref != "" {
					o.Parameters[i] = document.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
				}
			}
			for status, r := range o.Responses {
				if r.Ref != "" {
					o.Responses[status] = document.Components.Responses[r.Ref[strings.LastIndex(r.Ref, "/")+1:]]
				}
			}
			operations = append(operations, o)
		}
	}
	slices.SortFunc(operations, func(a, b operation) int {
		return cmp.Or(strings.Compare(fmt.Sprint(a.Signed()), fmt.Sprint(b.Signed())), cmp.Compare(a.Path, b.Path), -cmp.Compare(a.Method, b.Method))
	})
	return operations, nil
}

// Signed reports whether callers sign the operation with IAM credentials, rather than send a user's
// token.
func (o operation) Signed() bool { return strings.HasPrefix(o.Path, "/backend/") }

// HasBody reports whether the operation has a request body.
func (o operation) HasBody() bool { return o.Method == http.MethodPost }

type apiView struct {
	Operations []operation
	Shoppers   []shopper
	Sample     string // a valid body
}

func (c *console) serveAPI(w http.ResponseWriter, r *http.Request) {
	sample := c.newOrder(basket{Country: "US", Items: map[string]int64{c.Catalogue[0].ProductID: 1}})
	body, err := json.MarshalIndent(sample, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.render(w, r, "api", http.StatusOK, "API", apiView{Operations: c.operations, Shoppers: shoppers, Sample: string(body)})
}

// An apiCall is what the page sends to call an operation.
type apiCall struct {
	Operation  string
	User       string
	Parameters map[string]string
	Body       string
}

// callAPI sends a real request to the API, with the user's token or a signature.
func (c *console) callAPI(w http.ResponseWriter, r *http.Request) {
	var call apiCall
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&call); err != nil {
		http.Error(w, "The call is not valid JSON", http.StatusBadRequest)
		return
	}
	i := slices.IndexFunc(c.operations, func(o operation) bool { return o.ID == call.Operation })
	if i < 0 {
		http.Error(w, "Unknown operation", http.StatusBadRequest)
		return
	}
	request, err := c.newRequest(r.Context(), c.operations[i], call)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	client := http.Client{Timeout: time.Minute}
	if c.operations[i].Signed() {
		client.Transport = c.Signed
	}
	result, err := exchangeOf(&client, request, []byte(call.Body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	respondJSON(w, result)
}

func (c *console) newRequest(ctx context.Context, o operation, call apiCall) (*http.Request, error) {
	path, query := o.Path, url.Values{}
	for _, p := range o.Parameters {
		value := call.Parameters[p.Name]
		switch {
		case p.In == "path":
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(value), 1)
		case p.In == "query" && value != "":
			query.Set(p.Name, value)
		}
	}
	target := c.URL + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if o.HasBody() {
		body = bytes.NewReader([]byte(call.Body))
	}
	request, err := http.NewRequestWithContext(ctx, o.Method, target, body)
	if err != nil {
		return nil, err
	}
	for _, p := range o.Parameters {
		if value := call.Parameters[p.Name]; p.In == "header" && value != "" {
			request.Header.Set(p.Name, value)
		}
	}
	if o.HasBody() {
		request.Header.Set("Content-Type", "application/json")
	}
	if !o.Signed() {
		token, err := c.Token(call.User)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// exchangeOf sends a request and returns it with its response.
func exchangeOf(client *http.Client, request *http.Request, body []byte) (exchange, error) {
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return exchange{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return exchange{}, err
	}
	var created struct {
		OrderID string `json:"orderId"`
	}
	_ = json.Unmarshal(text, &created) // an error response has none
	result := exchange{
		Request:  message{Line: request.Method + " " + request.URL.RequestURI(), Headers: headerLines(request.Header)},
		Response: message{Line: response.Status, Headers: headerLines(response.Header), Body: pretty(text)},
		OrderID:  created.OrderID,
		Took:     formatMilliseconds(time.Since(start)),
	}
	if request.Method == http.MethodPost {
		result.Request.Body = pretty(body)
	}
	return result, nil
}
