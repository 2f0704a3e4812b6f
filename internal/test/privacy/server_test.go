package privacy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A server is something that functions call. It can be told to fail, and to repeat what it heard while it does.
type server struct {
	URL    string
	answer func(r *http.Request, body string) (status int, text string) // where it does not fail

	mu     sync.Mutex
	faults map[string]fault // by a text of the requests that are to fail
	heard  int              // requests with a mark
	called []called         // each signed call once
}

// A fault answers in place of the server. What it heard is one line: the body, and the headers that are secret.
type fault func(w http.ResponseWriter, heard string)

func newServer(t *testing.T, answer func(r *http.Request, body string) (status int, text string)) *server {
	s := &server{answer: answer, faults: map[string]fault{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if broken := s.listen(r, string(body)); broken != nil {
		secrets := r.Header.Get("Authorization") + " " + r.Header.Get("X-Amz-Security-Token")
		broken(w, strings.ReplaceAll(strings.TrimSpace(string(body)), "\n", " ")+" "+secrets)
		return
	}
	status, text := s.answer(r, string(body))
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// listen finds the fault of a request, if there is one.
func (s *server) listen(r *http.Request, body string) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if call, signed := callOf(r, body); signed && !slices.Contains(s.called, call) {
		s.called = append(s.called, call)
	}
	if strings.Contains(body, mark) {
		s.heard++
	}
	for text, broken := range s.faults {
		if strings.Contains(body, text) {
			return broken
		}
	}
	return nil
}

// marks is how many requests with a mark there were.
func (s *server) marks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}

// fail lets all requests fail that have one of the texts. Each has its own fault, so that many can be tried at once.
func (s *server) fail(broken fault, texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		s.faults[text] = broken
	}
}

// saying answers a status and a text, in which %s is what was heard and %q is it as a JSON string.
func saying(status int, text string) fault {
	return func(w http.ResponseWriter, heard string) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, repeat(text, heard))
	}
}

// breaking answers bytes that are no HTTP, or bad HTTP.
func breaking(text string) fault {
	return func(w http.ResponseWriter, heard string) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, repeat(text, heard))
	}
}

// repeat puts what was heard into a text.
func repeat(text, heard string) string {
	quoted := fmt.Sprintf("%q", heard) // everything here is ASCII, which Go and JSON quote alike
	return strings.NewReplacer("%s", heard, "%q", quoted).Replace(text)
}

// reset breaks the connection off.
func reset(w http.ResponseWriter, _ string) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// brokenHTTP are faults of anything that speaks HTTP, each in a place that net/http might quote.
func brokenHTTP() map[string]fault {
	return map[string]fault{
		"resets":               reset,
		"says nothing":         breaking(""),
		"speaks no HTTP":       breaking("%s\r\n\r\n"),
		"another protocol":     breaking("HTTP/%s 200 OK\r\n\r\n"),
		"no status":            breaking("HTTP/1.1 %s\r\n\r\n"),
		"a reason":             breaking("HTTP/1.1 500 %s\r\nContent-Length: 0\r\n\r\n"),
		"no header":            breaking("HTTP/1.1 200 OK\r\n%s\r\n\r\n"),
		"a header":             breaking("HTTP/1.1 500 OK\r\nX-Heard: %s\r\nContent-Length: 0\r\n\r\n"),
		"a wrong length":       breaking("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"),
		"a wrong encoding":     breaking("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"),
		"a wrong chunk":        breaking("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n"),
		"sends elsewhere":      breaking("HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/%s\r\nContent-Length: 0\r\n\r\n"),
		"sends nowhere":        breaking("HTTP/1.1 301 Moved\r\nLocation: ://%s\r\nContent-Length: 0\r\n\r\n"),
		"breaks off":           breaking("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%s"),
		"repeats with a 200":   saying(200, "%s"),
		"repeats with a 400":   saying(400, "%s"),
		"repeats with a 403":   saying(403, "%s"),
		"repeats with a 500":   saying(500, "<html>%s</html>"),
		"a JSON text":          saying(200, "%q"),
		"JSON that breaks off": saying(200, `{"message": %q, "Item": {"address": {"M": {"name": {"S": %q`),
	}
}
