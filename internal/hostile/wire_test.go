package hostile_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A wire sends requests just as they are written, which http.Client would not.
type wire struct {
	address string
	mallory string // a token of hers

	connection *net.TCPConn
	reader     *bufio.Reader
}

// A response is what came back, whole.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (w *wire) send(r request) (response, error) {
	text, err := w.written(r)
	if err != nil {
		return response{}, err
	}
	return w.exchange(r, text)
}

// exchange sends a request that is written already.
func (w *wire) exchange(r request, text []byte) (response, error) {
	if err := w.connect(); err != nil {
		return response{}, err
	}
	if _, err := w.connection.Write(text); err != nil {
		return response{}, err
	}
	if r.Ends {
		defer w.close()
		if err := w.connection.CloseWrite(); err != nil {
			return response{}, err
		}
	}
	return w.receive(r.Method)
}

func (w *wire) connect() error {
	if w.connection != nil {
		return w.connection.SetDeadline(time.Now().Add(10 * time.Second))
	}
	connection, err := net.Dial("tcp", w.address)
	if err != nil {
		return err
	}
	w.connection, w.reader = connection.(*net.TCPConn), bufio.NewReader(connection)
	return connection.SetDeadline(time.Now().Add(10 * time.Second))
}

func (w *wire) close() {
	if w.connection != nil {
		_ = w.connection.Close()
		w.connection = nil
	}
}

func (w *wire) receive(method string) (response, error) {
	answer, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		w.close()
		return response{}, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Close {
		w.close()
	}
	return response{answer.StatusCode, answer.Header, body}, err
}

// written is the request as HTTP/1.1. A length is added where the headers do not say how the body comes.
func (w *wire) written(r request) ([]byte, error) {
	method, path, body := r.Method, r.Path, r.body()
	if r.Function != "" {
		method, path = "POST", "/2015-03-31/functions/"+r.Function+"/invocations"
	}
	fill, err := w.filling(r)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n", fill(method), fill(path), w.address)
	for _, line := range r.Headers {
		out.WriteString(fill(line) + "\r\n")
	}
	framed := slices.ContainsFunc(r.Headers, func(line string) bool {
		return strings.HasPrefix(line, "Content-Length:") || strings.HasPrefix(line, "Transfer-Encoding:")
	})
	if len(body) > 0 && !framed {
		out.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes(), nil
}

// times is a text that is written so many times over, outside of bodies.
func times(text string, n int) string { return fmt.Sprintf("${%s*%d}", text, n) }

var repetition = regexp.MustCompile(`\$\{([^{}]*)\*(\d+)\}`)

// expanded writes out what times made.
func expanded(text string) string {
	return repetition.ReplaceAllStringFunc(text, func(match string) string {
		parts := repetition.FindStringSubmatch(match)
		n, _ := strconv.Atoi(parts[2]) // digits, and few of them
		return strings.Repeat(parts[1], n)
	})
}

// filling puts what only a running service knows, and what is repeated, in the place of ${...}.
func (w *wire) filling(r request) (func(string) string, error) {
	token := append(strings.Split(w.mallory, "."), "", "", "")
	pairs := []string{"${mallory}", w.mallory, "${mallory.header}", token[0], "${mallory.payload}", token[1], "${mallory.signature}", token[2]}
	if r.Sign != nil {
		authorization, date, err := w.sign(r)
		if err != nil {
			return nil, err
		}
		_, credential, _ := strings.Cut(authorization, "Credential=")
		credential, _, _ = strings.Cut(credential, ",")
		_, signature, _ := strings.Cut(authorization, "Signature=")
		pairs = append(pairs, "${sigv4}", authorization, "${date}", date, "${credential}", credential, "${signature}", signature)
	}
	known := strings.NewReplacer(pairs...)
	return func(text string) string { return expanded(known.Replace(text)) }, nil
}

// sign is the Authorization header and the date of what r says it signs.
func (w *wire) sign(r request) (authorization, date string, err error) {
	s := *r.Sign
	asked, err := http.NewRequest(cmp.Or(s.Method, r.Method), "http://"+cmp.Or(s.Host, w.address)+expanded(cmp.Or(s.Path, r.Path)), nil)
	if err != nil {
		return "", "", err
	}
	body := sha256.Sum256([]byte(s.Body))
	credentials := aws.Credentials{AccessKeyID: cmp.Or(s.Key, "local"), SecretAccessKey: cmp.Or(s.Secret, "local"), SessionToken: s.Session}
	at := time.Now().Add(-time.Duration(s.Late) * time.Second)
	err = v4.NewSigner().SignHTTP(context.Background(), credentials, asked, hex.EncodeToString(body[:]), cmp.Or(s.Service, "execute-api"), cmp.Or(s.Region, region), at)
	return asked.Header.Get("Authorization"), asked.Header.Get("X-Amz-Date"), err
}
