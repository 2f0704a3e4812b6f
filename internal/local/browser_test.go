package local

import (
	"context"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A browser is a tab in a real Chromium, on the pages of one service.
type browser struct {
	ctx     context.Context
	url     string
	started bool
}

// openBrowser returns a tab for the rest of the test. Without Chromium the test is skipped, unless
// REQUIRE_CHROMIUM is set.
func openBrowser(t *testing.T, s *Service) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_CHROMIUM") != "" {
			require.NoError(t, err)
		}
		t.Skip("chromium is not installed")
	}
	ctx, cancel := chromedp.NewContext(context.Background(), // t.Context ends before the tab closes
		chromedp.WithAllocatorOptions(chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(1280, 900)))
	t.Cleanup(cancel)
	return &browser{ctx: ctx, url: s.URL}
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := b.ctx, context.CancelFunc(func() {})
	if b.started { // a timeout on the first call would end the browser with it
		ctx, cancel = context.WithTimeout(b.ctx, time.Minute)
	}
	defer cancel()
	b.started = true
	require.NoError(t, chromedp.Do(ctx, steps...))
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.url+path), chromedp.WaitReady("main"))
}

// click clicks the element that a CSS selector finds. It finds it again if the page was updated
// before the click.
func (b *browser) click(t *testing.T, selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Click(selector, chromedp.NodeVisible))
	for err != nil && strings.Contains(err.Error(), "Could not find node") {
		err = chromedp.Do(ctx, chromedp.Click(selector, chromedp.NodeVisible))
	}
	require.NoError(t, err)
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err)
	return value
}

// text returns the text of the first element that a CSS selector finds, or "".
func (b *browser) text(t *testing.T, selector string) string {
	t.Helper()
	return evaluate[string](t, b, `document.querySelector(`+quoted(selector)+`)?.innerText ?? ""`)
}

// count returns how many elements a CSS selector finds.
func (b *browser) count(t *testing.T, selector string) int {
	t.Helper()
	return evaluate[int](t, b, `document.querySelectorAll(`+quoted(selector)+`).length`)
}

// waitForText waits until an element has a text.
func (b *browser) waitForText(t *testing.T, selector, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(b.text(t, selector), text) }, time.Minute, 50*time.Millisecond,
		"%s in %s", text, selector)
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `\'`) + "'" }

var screenshots = flag.String("screenshots", "", "take screenshots of the console into this folder")

// TestScreenshots makes the pictures of the README and those that people look at after changing the
// console.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("no folder is given with -screenshots")
	}
	s, c := start(t)
	defer closeService(t, s)
	b := openBrowser(t, s)
	c.signIn(t)
	var last string
	for range 6 {
		_, text, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
		require.NoError(t, err)
		_, last, _ = strings.Cut(text, `"orderId":"`)
		last = last[:36]
	}
	require.True(t, s.faults.Set("payment", "slow"))
	_, slow, err := c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	_, slow, _ = strings.Cut(slow, `"orderId":"`)
	status, _, err := c.do("POST", "/orders", strings.Replace(c.get(t, "/_local/sample-order"), `"price":1290`, `"price":1`, 1))
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	_, err = s.bus.Put(eventBusName, "ecommerce.delivery", "DeliveryCompleted", []string{"00000000-0000-4000-8000-000000000000"}, []byte("{}"), time.Now())
	require.NoError(t, err)
	time.Sleep(6 * time.Second)
	_, _, err = c.do("POST", "/orders", c.get(t, "/_local/sample-order"))
	require.NoError(t, err)
	for _, shot := range []struct{ name, path string }{
		{"orders", "/"}, {"order", "/console/orders/" + last}, {"slow", "/console/orders/" + slow[:36]}, {"shop", "/console/shop"}, {"events", "/console/events"},
		{"faults", "/console/faults"}, {"connect", "/console/connect"}, {"dashboard", "/console/dashboard"}, {"queue", "/console/queue"}, {"api", "/console/api"},
	} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				b.do(t, chromedp.EmulateViewport(width, 900))
				_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				require.NoError(t, err)
				b.open(t, shot.path)
				if shot.name == "shop" {
					b.click(t, "#shop .primary")
					b.waitForText(t, "#wire .code", "201")
				}
				b.do(t, chromedp.Sleep(150*time.Millisecond))
				picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				require.NoError(t, err)
				name := shot.name + "-" + scheme + "-" + map[int64]string{1280: "wide", 390: "narrow"}[width] + ".png"
				require.NoError(t, os.WriteFile(filepath.Join(*screenshots, name), picture, 0o644))
			}
		}
	}
}
