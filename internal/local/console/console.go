// Package console is the web page of the local service: what the functions did, order by order, and
// the means to try them. It shows only what they really logged, traced and published.
package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"orders/internal/local/eventbridge"
	"orders/internal/local/fakepeers"
	"orders/internal/local/sqs"
	"orders/internal/order"
)

// Path is the path below which the console is. Its first page is also at /.
const Path = "/console/"

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/console.css static/console.js
var staticFiles embed.FS

// Options connect the console with the service. All are required.
type Options struct {
	URL       string // of the service
	Region    string
	Recorder  *Recorder
	Orders    order.Store
	Events    func() []eventbridge.Event
	Put       func(source, detailType, orderID string, detail []byte) (eventID string, err error)
	Token     func(userID string) (string, error)
	Catalogue fakepeers.Catalogue
	Payment   *fakepeers.Payment
	Faults    *Faults

	Queues                       *sqs.Service
	WorkQueues, DeadLetterQueues []string

	OpenAPI  []byte            // the API's document; empty shows no operations
	Signed   http.RoundTripper // signs requests as another service does
	Template []byte            // the CloudFormation template; empty shows no dashboard
	Names    map[string]string // local names by reference in the template, such as CreateOrderFunction
}

// A console serves the pages.
type console struct {
	Options
	pages    map[string]*template.Template
	template stackTemplate

	operations []operation
}

// New returns the handler of / and of everything below Path.
func New(options Options) (http.Handler, error) {
	c := &console{Options: options, pages: map[string]*template.Template{}}
	var err error
	if c.template, err = parseTemplate(options.Template, options.Names); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if c.operations, err = parseOpenAPI(options.OpenAPI); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	for _, page := range []string{"api", "dashboard", "queue", "orders", "order", "shop", "events", "faults", "connect", "missing"} {
		parsed, err := template.New("layout.html").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/"+page+".html")
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		c.pages[page] = parsed
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.HandlerFunc(c.serveOrders))
	mux.HandleFunc("GET "+Path+"{$}", c.serveOrders)
	mux.HandleFunc("GET "+Path+"orders/{orderId}", c.serveOrder)
	mux.HandleFunc("POST "+Path+"orders/{orderId}/update", c.putUpdate)
	mux.HandleFunc("GET "+Path+"shop", c.serveShop)
	mux.HandleFunc("POST "+Path+"shop/quote", c.quote)
	mux.HandleFunc("POST "+Path+"shop/order", c.placeOrder)
	mux.HandleFunc("GET "+Path+"events", c.serveEvents)
	mux.HandleFunc("POST "+Path+"events", c.putEvent)
	mux.HandleFunc("GET "+Path+"faults", c.serveFaults)
	mux.HandleFunc("POST "+Path+"faults", c.setFaults)
	mux.HandleFunc("GET "+Path+"queue", c.serveQueues)
	mux.HandleFunc("POST "+Path+"queue", c.changeQueue)
	mux.HandleFunc("GET "+Path+"dashboard", c.serveDashboard)
	mux.HandleFunc("GET "+Path+"api", c.serveAPI)
	mux.HandleFunc("POST "+Path+"api", c.callAPI)
	mux.HandleFunc("GET "+Path+"connect", c.serveConnect)
	mux.HandleFunc("GET "+Path+"changes", c.serveChanges)
	mux.Handle("GET "+Path+"static/", http.StripPrefix(Path, http.FileServerFS(staticFiles)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		c.render(w, r, "missing", http.StatusNotFound, "Not found", nil)
	})
	return secure(http.NewCrossOriginProtection().Handler(mux)), nil
}

// secure adds the headers that keep a page from running or loading anything that is not the
// console's.
func secure(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// A view is what every page's template gets.
type view struct {
	Title   string
	Section string // the page's entry in the navigation
	URL     string // of the service
	Faults  int    // how many are on

	DeadLetters int // in all queues
	Data        any // of this page
}

func (c *console) render(w http.ResponseWriter, r *http.Request, page string, status int, title string, data any) {
	section := strings.TrimPrefix(r.URL.Path, Path)
	section, _, _ = strings.Cut(section, "/")
	if section == "" {
		section = "orders"
	}
	var body bytes.Buffer
	v := view{Title: title, Section: section, URL: c.URL, Faults: c.Faults.active(), Data: data}
	for _, queue := range c.DeadLetterQueues {
		v.DeadLetters += len(c.Queues.Queue(queue).Messages())
	}
	err := c.pages[page].Execute(&body, v)
	if err != nil {
		http.Error(w, "The page could not be rendered: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // fails only if the client has gone
}

// refreshPeriod bounds how often a page is told of changes.
const refreshPeriod = 400 * time.Millisecond

// serveChanges sends a server-sent event after changes, so that pages load what is new.
func (c *console) serveChanges(w http.ResponseWriter, r *http.Request) {
	changes, stop := c.Recorder.watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	connection := http.NewResponseController(w)
	for {
		if _, err := fmt.Fprint(w, "data: changed\n\n"); err != nil || connection.Flush() != nil {
			return
		}
		select {
		case <-time.After(refreshPeriod):
		case <-r.Context().Done():
			return
		}
		select {
		case <-changes:
		case <-r.Context().Done():
			return
		}
	}
}

var functions = template.FuncMap{
	"short":    func(id string) string { return id[:min(8, len(id))] },
	"truncate": truncate,
	"money":    func(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) },
	"ms":       formatMilliseconds,
	"clock":    func(t time.Time) string { return t.Local().Format("15:04:05.000") },
	"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"lower":    strings.ToLower,
	"pretty":   pretty,
	"bytes":    func(text string) []byte { return []byte(text) },
	"has":      func(list []string, item string) bool { return slices.Contains(list, item) },
}

// truncate bounds a text that others wrote, which may be very long.
func truncate(text string) string {
	const limit = 200
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit]) + "…"
}

func formatMilliseconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
