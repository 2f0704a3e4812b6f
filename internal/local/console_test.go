package local

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"orders/internal/local/eventbridge"
	"orders/internal/local/sqs"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

func TestConsolePlacesAndFollowsAnOrder(t *testing.T) {
	s, _ := start(t)
	defer closeService(t, s)
	b := openBrowser(t, s)
	b.open(t, "/")
	require.Contains(t, b.text(t, "main"), "No orders yet")

	b.open(t, "/console/shop")
	b.waitForText(t, "#total", "76.90")
	b.click(t, "#shop .primary")
	b.waitForText(t, "#wire .code", "201 Created")
	b.click(t, "#repeat")
	b.waitForText(t, "#wire .code", "200 OK")
	require.Contains(t, b.text(t, "#wire .response"), "Idempotent-Replayed: true")

	b.click(t, "#wire .follow")
	b.waitForText(t, "h1 .status", "FULFILLED") // without reloading
	timeline := b.text(t, ".timeline")
	for _, part := range []string{"POST /orders", "check delivery", "check payment", "check products", "check users", "attempt 1", "DynamoDB PutItem",
		"table-update", "EventBridge PutEvents", "OrderCreated", "PackageCreated", "on-events", "OrderModified", "DeliveryCompleted"} {
		require.Contains(t, timeline, part)
	}
	require.Regexp(t, `(?s)NEW.*PACKAGED.*FULFILLED`, b.text(t, "[data-live=history]"))
	require.Contains(t, b.text(t, "[data-live=lines]"), "order created")
	require.Contains(t, b.text(t, "[data-live=lines]"), "order replayed")

	b.open(t, "/")
	require.Equal(t, 1, b.count(t, "tbody tr"))
	require.Contains(t, b.text(t, "tbody tr"), "FULFILLED")
	require.Contains(t, b.text(t, "tbody tr"), "76.90")
}

func TestConsoleBreaksOrders(t *testing.T) {
	s, _ := start(t)
	defer closeService(t, s)
	b := openBrowser(t, s)
	b.open(t, "/console/shop")
	for breakage, want := range map[string]struct{ code, text string }{
		"price":    {"422", "Wrong price in product"},
		"product":  {"422", "not found"},
		"token":    {"409", "Payment token already used"},
		"quantity": {"400", "/products/0/quantity: must be at least 1"},
	} {
		b.click(t, `#shop [name=break][value=`+breakage+`]`)
		b.waitForText(t, "#wire .response", want.text)
		require.Contains(t, b.text(t, "#wire .code"), want.code)
	}
}

func TestConsoleSwitchesFaults(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	b := openBrowser(t, s)
	b.open(t, "/console/faults")
	form := `form:has([value="payment"]) `
	b.click(t, form+`button[value="5xx"]`)
	b.waitForText(t, form+`[aria-pressed=true]`, "5xx")
	require.Equal(t, "1", b.text(t, "nav .count"))
	status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, text, "Failure to contact the payment service")

	b.click(t, ".head button")
	b.waitForText(t, form+`[aria-pressed=true]`, "normal")
	require.Eventually(t, func() bool { // the circuit may be open for a moment
		status, _, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
		return err == nil && status == http.StatusCreated
	}, 20*time.Second, 50*time.Millisecond)
}

func TestConsolePutsEvents(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	_, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	var created order.Order
	require.NoError(t, json.Unmarshal([]byte(text), &created))
	b := openBrowser(t, s)
	b.open(t, "/console/orders/"+created.OrderID)
	b.click(t, `button[value="PackageCreated"]`)
	b.waitForText(t, "h1 .status", "PACKAGED")
	b.click(t, `button[value="DeliveryFailed"]`)
	b.waitForText(t, "h1 .status", "DELIVERY_FAILED")

	b.open(t, "/console/events")
	b.click(t, ".panel summary")
	b.do(t, chromedp.SendKeys(".panel [name=order]", created.OrderID))
	b.click(t, ".panel .primary")
	b.waitForText(t, ".notice.ok", "is on the bus")
	b.open(t, "/console/events?type=DeliveryCompleted&order="+created.OrderID[:8])
	require.Equal(t, 1, b.count(t, ".record"))
	b.open(t, "/console/orders/"+created.OrderID)
	b.waitForText(t, "h1 .status", "FULFILLED")
}

func TestConsoleRedrivesAndDeletesDeadLetters(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	request := c.get(t, "/_local/sample-order")
	var sample struct{ PaymentToken order.PaymentToken }
	require.NoError(t, json.Unmarshal([]byte(request), &sample))
	orderID := order.IDFor(sample.PaymentToken)
	for _, id := range []string{orderID, "00000000-0000-4000-8000-000000000000"} { // neither exists
		_, err := s.bus.Put(eventBusName, "ecommerce.delivery", "DeliveryCompleted", []string{id}, json.RawMessage(`{}`), time.Time{})
		require.NoError(t, err)
	}
	b := openBrowser(t, s)
	b.open(t, "/console/queue")
	require.Eventually(t, func() bool { return b.count(t, ".letter") == 2 }, 30*time.Second, 50*time.Millisecond)
	b.waitForText(t, "nav .count", "2")
	require.Contains(t, b.text(t, ".letter"), "Order not found")

	status, _, err := c.do("POST", "/orders", request)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	b.click(t, `.letter:has([href$="`+orderID+`"]) [value=redrive]`)
	require.Eventually(t, func() bool { return b.count(t, ".letter") == 1 }, 30*time.Second, 50*time.Millisecond)
	b.open(t, "/console/orders/"+orderID)
	b.waitForText(t, "h1 .status", "FULFILLED")

	b.open(t, "/console/queue")
	b.click(t, `.letter [value=delete]`)
	b.waitForText(t, "main", "No dead letters")
	require.Empty(t, s.deadLetters())
}

// A letter that did not come from a queue has nowhere to go, and is not deleted instead.
func TestConsoleKeepsDeadLettersThatCannotBeRedriven(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	require.NoError(t, s.queues.SendMessage(sqs.Message{Body: "pointer"}, updatesDeadLetters))
	letter := s.queues.Queue(updatesDeadLetters).Messages()[0]
	for _, action := range []string{"redrive", "", "purge"} {
		response, err := c.PostForm(s.URL+"/console/queue", url.Values{"queue": {updatesDeadLetters}, "id": {letter.ID}, "action": {action}})
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusBadRequest, response.StatusCode, action)
		require.Len(t, s.queues.Queue(updatesDeadLetters).Messages(), 1, action)
	}
}

// Numbers and states are those of what was done: five orders placed, one of them failed.
func TestConsoleDashboard(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	var last order.Order
	for range 5 {
		status, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		require.NoError(t, json.Unmarshal([]byte(text), &last))
	}
	_, err := s.bus.Put(eventBusName, "ecommerce.delivery", "DeliveryFailed", []string{last.OrderID}, json.RawMessage(`{}`), time.Time{})
	require.NoError(t, err)
	status, _, err := c.do("GET", "/orders/"+last.OrderID, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	status, _, err = c.do("POST", "/orders", "{")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
	_, err = s.bus.Put(eventBusName, "ecommerce.delivery", "DeliveryFailed", []string{"00000000-0000-4000-8000-000000000000"}, json.RawMessage(`{}`), time.Time{})
	require.NoError(t, err)

	b := openBrowser(t, s)
	b.open(t, "/console/dashboard")
	value := func(title, label string) string {
		return evaluate[string](t, b, `(() => {
			const widget = [...document.querySelectorAll(".widget")].find(w => w.querySelector("h3")?.innerText === "`+title+`");
			const item = [...widget.querySelectorAll(".key li, .values div")].find(i => i.innerText.includes("`+label+`"));
			return item.querySelector("b, dd").innerText;
		})()`)
	}
	b.waitForText(t, ".values", "1\nfailed")
	require.Equal(t, []string{"5", "0", "1"}, []string{value("Orders in the shown period", "created"), value("Orders in the shown period", "fulfilled"), value("Orders in the shown period", "failed")})
	require.Equal(t, "100", value("Orders in the shown period", "creates without failure, %"))
	require.Equal(t, []string{"6", "1", "7"}, []string{value("Invocations", "create-order"), value("Invocations", "get-order"), value("Invocations", "API requests")})
	require.Equal(t, []string{"1", "0"}, []string{value("API", "4XX"), value("API", "5XX")})
	require.Equal(t, "no local source", value("Stream iterator age, ms", "oldest record"))
	headings := evaluate[[]string](t, b, `[...document.querySelectorAll(".dashboard h2")].map(h => h.innerText)`)
	require.Equal(t, []string{"Alarms", "Key metrics", "Traffic", "Latency", "Errors", "Last 20 errors"}, headings)
	require.Equal(t, strings.Count(string(readDocument("template.yaml", slog.Default())), "Type: AWS::CloudWatch::Alarm\n"), b.count(t, ".alarms li"))
	b.waitForText(t, ".alarms .bad", "FulfilmentDeadLetterMessages")
	require.Contains(t, b.text(t, ".alarms"), "CreateOrderLatencyP99")
	require.Contains(t, evaluate[string](t, b, `[...document.querySelectorAll(".widget")].at(-1).innerText`), "fulfilment update failed")
}

func TestConsoleCallsTheAPI(t *testing.T) {
	s, _ := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	b := openBrowser(t, s)
	b.open(t, "/console/api")
	require.Equal(t, 4, b.count(t, ".operation"))
	call := func(operation, status string, parameters ...string) string {
		form := `form[data-operation=` + operation + `] `
		b.do(t, chromedp.Evaluate[chromedp.Void](`void(document.querySelector('`+form+`').closest("details").open = true)`))
		for i := 0; i < len(parameters); i += 2 {
			b.do(t, chromedp.SendKeys(form+`[data-parameter=`+parameters[i]+`]`, parameters[i+1]))
		}
		b.click(t, form+"button")
		b.waitForText(t, form+".code", status)
		return b.text(t, form+".response")
	}
	created := call("createOrder", "201")
	_, id, _ := strings.Cut(created, `"orderId": "`)
	id = id[:36]
	require.Contains(t, call("getOrder", "200", "orderId", id), id)
	require.Contains(t, call("listOrders", "200", "limit", "1"), id)
	require.Contains(t, call("getOrderBackend", "200", "orderId", id), "paymentToken")
}

func TestConsoleByKeyboard(t *testing.T) {
	s, _ := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	b := openBrowser(t, s)
	b.open(t, "/")
	focused := func() string {
		return evaluate[string](t, b, `document.activeElement.innerText || document.activeElement.name || ""`)
	}
	press := func(keys string) { b.do(t, chromedp.KeyEvent(keys)) }
	tabTo := func(label string) {
		for range 40 {
			press(kb.Tab)
			if focused() == label {
				return
			}
		}
		require.Fail(t, "cannot reach by keyboard", label)
	}
	press(kb.Tab)
	require.Equal(t, "Skip to content", focused(), "the first stop")
	tabTo("Shop")
	press(kb.Enter)
	b.waitForText(t, "h1", "Shop")
	tabTo("Place order")
	press(kb.Enter)
	b.waitForText(t, "#wire .code", "201")
	tabTo("Follow the order")
	press(kb.Enter)
	b.waitForText(t, "h1 .status", "NEW")
	require.NotZero(t, evaluate[float64](t, b, `parseFloat(getComputedStyle(document.querySelector(".skip")).outlineOffset) || 1`))
}

// What others wrote is text on every page, whatever it looks like and however long it is.
func TestConsoleShowsHostileTextAsText(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	c.signIn(t)
	const script = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`
	var ids []string
	for _, name := range []string{script, strings.Repeat("x", 100_000), `"><svg onload=alert(1)>`, "{{.}} ${x} </pre></textarea>"} {
		var request map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.get(t, "/_local/sample-order")), &request))
		request["address"].(map[string]any)["name"] = name
		body, err := json.Marshal(request)
		require.NoError(t, err)
		status, text, err := c.do("POST", "/orders", string(body))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		_, id, _ := strings.Cut(text, `"orderId":"`)
		ids = append(ids, id[:36])
	}
	_, err := s.bus.Put(eventBusName, script, script, []string{script, "../../" + script}, json.RawMessage(`{"a":"</pre><script>document.title='owned'</script>"}`), time.Time{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(s.bus.Events()) >= 5 }, 10*time.Second, 10*time.Millisecond)
	b := openBrowser(t, s)
	pages := []string{"/", "/?id=" + url.QueryEscape(script) + "&user=" + url.QueryEscape(script), "/console/events", "/console/events?order=" + url.QueryEscape(script), "/console/" + url.PathEscape(script)}
	for _, id := range ids {
		pages = append(pages, "/console/orders/"+id)
	}
	for _, path := range pages {
		b.open(t, path)
		require.NotContains(t, evaluate[string](t, b, `document.title`), "owned", path)
		require.Zero(t, b.count(t, "main script, main img, main svg[onload]"), path)
		require.LessOrEqual(t, evaluate[int](t, b, `document.documentElement.scrollWidth - window.innerWidth`), 0, "%s is wider than the window", path)
	}
	b.open(t, pages[len(pages)-4])
	require.Contains(t, b.text(t, ".facts"), script)
}

func TestConsoleHeadersAndOrigins(t *testing.T) {
	s, c := start(t)
	defer closeService(t, s)
	for _, path := range []string{"/", "/console/", "/console/shop", "/console/static/console.js", "/console/nothing"} {
		response, err := c.Get(s.URL + path)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, response.Body)
		require.NoError(t, response.Body.Close())
		policy := response.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'; script-src 'self'; style-src 'self'", path)
		require.NotContains(t, policy, "unsafe", path)
		require.Empty(t, response.Header.Get("Access-Control-Allow-Origin"), path)
		require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), path)
	}
	post := func(path string, headers ...string) int {
		r, err := http.NewRequest("POST", s.URL+path, strings.NewReader("name=table&mode=slow"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		response, err := c.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	for _, path := range []string{"/console/faults", "/console/events", "/console/shop/order", "/console/orders/" + ordertest.Sample().OrderID + "/update"} {
		require.Equal(t, http.StatusForbidden, post(path, "Origin", "https://evil.example"), path)
		require.Equal(t, http.StatusForbidden, post(path, "Sec-Fetch-Site", "cross-site"), path)
		require.Equal(t, http.StatusForbidden, post(path, "Origin", "null"), path)
	}
	status, _, err := c.do("GET", "/console/faults?name=table&mode=slow", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, c.get(t, "/console/faults"), `class="count"`, "only a POST changes anything")
	require.Equal(t, http.StatusSeeOther, post("/console/faults", "Origin", s.URL, "Sec-Fetch-Site", "same-origin"))
	require.Contains(t, c.get(t, "/console/faults"), `class="count"`)
}

// A link that is pressed while the page is updated is followed on release.
func TestConsoleClickDuringUpdate(t *testing.T) {
	s, _ := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	created := func(token string) string {
		id := order.IDFor(order.PaymentToken(token))
		s.recorder.Event(eventbridge.Event{Source: "ecommerce.orders", DetailType: "OrderCreated", Resources: []string{id},
			Detail: fmt.Appendf(nil, `{"orderId":%q,"userId":"user-1","status":"NEW","total":1,"createdDate":"2026-01-23T10:53:49.131052Z"}`, id)})
		return id
	}
	first := created("first")
	b := openBrowser(t, s)
	b.open(t, "/")
	b.waitForText(t, "tbody", first[:8])
	at := evaluate[[]float64](t, b, `(r => [r.x + 5, r.y + r.height / 2])(document.querySelector("tbody a").getBoundingClientRect())`)
	b.do(t, chromedp.MouseEvent(chromedp.MousePressed, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	second := created("second")
	b.do(t, chromedp.Sleep(time.Second)) // the update is there after some 0.1 s
	require.NotContains(t, b.text(t, "tbody"), second[:8], "the update waits for the release")
	b.do(t, chromedp.MouseEvent(chromedp.MouseReleased, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	b.waitForText(t, "h1", first[:8])
}

func TestConsoleWithManyOrders(t *testing.T) {
	s, c := start(t, func(s *Settings) { s.Fulfilment = false })
	defer closeService(t, s)
	const many = 50_000
	for i := range many {
		id := order.IDFor(order.PaymentToken(fmt.Sprint(i)))
		s.recorder.Event(eventbridge.Event{Source: "ecommerce.orders", DetailType: "OrderCreated", Resources: []string{id},
			Detail: fmt.Appendf(nil, `{"orderId":%q,"userId":"user-%d","status":"NEW","total":%d,"createdDate":"2026-01-23T10:53:49.131052Z"}`, id, i%100, i)})
	}
	b := openBrowser(t, s)
	b.open(t, "/")
	require.Contains(t, b.text(t, ".sub"), "50000 orders")
	require.Equal(t, 50, b.count(t, "tbody tr"))
	b.click(t, ".pages a")
	b.waitForText(t, ".pages", "Newest")
	require.Contains(t, b.text(t, "tbody tr"), fmt.Sprintf("%d.%02d", (many-51)/100, (many-51)%100), "the 51st newest")
	b.open(t, "/?user=user-7&status=NEW")
	require.Equal(t, 50, b.count(t, "tbody tr"))
	took := evaluate[float64](t, b, `performance.getEntriesByType("navigation")[0].responseEnd`)
	require.Less(t, took, 2000.0, "the page is served without a noticeable wait")
	require.Contains(t, c.get(t, "/?id="+order.IDFor("49999")), "499.99")
}
