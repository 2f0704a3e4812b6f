package hostile

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

// exchangeTimeout is how long one exchange may take.
const exchangeTimeout = time.Minute

// A Wire sends requests byte by byte as they are written, which http.Client does not, one after the
// other over one connection.
type Wire struct {
	address string
	mallory string // her token

	connection *net.TCPConn
	reader     *bufio.Reader
}

// NewWire returns a Wire to a local service at an address, host:port, with the token of a user. It
// connects when needed. The caller must call Close.
func NewWire(address, token string) *Wire { return &Wire{address: address, mallory: token} }

// A Response is a response with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request and reads the response within a minute. After an error or an unexpected
// response, the caller must call Close before the next request, because what arrives next may
// belong to this one.
func (w *Wire) Send(r Request) (Response, error) {
	text, err := w.written(r)
	if err != nil {
		return Response{}, err
	}
	return w.exchange(r, text)
}

// exchange sends a request that was written already.
func (w *Wire) exchange(r Request, text []byte) (Response, error) {
	if err := w.connect(); err != nil {
		return Response{}, err
	}
	if _, err := w.connection.Write(text); err != nil {
		return Response{}, err
	}
	if r.Ends {
		defer w.Close()
		if err := w.connection.CloseWrite(); err != nil {
			return Response{}, err
		}
	}
	return w.receive(r.Method)
}

func (w *Wire) connect() error {
	if w.connection == nil {
		connection, err := net.Dial("tcp", w.address)
		if err != nil {
			return err
		}
		w.connection, w.reader = connection.(*net.TCPConn), bufio.NewReader(connection)
	}
	return w.connection.SetDeadline(time.Now().Add(exchangeTimeout))
}

// Close closes the connection. The Wire can be used again, on another.
func (w *Wire) Close() {
	if w.connection != nil {
		_ = w.connection.Close()
		w.connection = nil
	}
}

func (w *Wire) receive(method string) (Response, error) {
	response, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		w.Close()
		return Response{}, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.Close {
		w.Close()
	}
	return Response{response.StatusCode, response.Header, body}, err
}

// region is the region of the service under test.
const region = "eu-west-1"

// written returns the request as HTTP/1.1. It adds a Content-Length if no header says how the body
// is framed.
func (w *Wire) written(r Request) ([]byte, error) {
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
	if r.Function != "" { // the local service checks the form of a signature only
		out.WriteString("Authorization: AWS4-HMAC-SHA256 Credential=local/20260123/" + region + "/lambda/aws4_request, SignedHeaders=host, Signature=00\r\n")
	}
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

var repetition = regexp.MustCompile(`\$\{([^{}]*)\*(\d+)\}`)

// expanded replaces each ${TEXT*NUMBER} by the repeated text.
func expanded(text string) string {
	return repetition.ReplaceAllStringFunc(text, func(match string) string {
		parts := repetition.FindStringSubmatch(match)
		n, _ := strconv.Atoi(parts[2]) // digits, and few of them
		return strings.Repeat(parts[1], n)
	})
}

// filling returns a function that replaces ${...} by tokens, signatures and repeated texts.
func (w *Wire) filling(r Request) (func(string) string, error) {
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

// sign returns the Authorization header and the date for what r.Sign says.
func (w *Wire) sign(r Request) (authorization, date string, err error) {
	s := *r.Sign
	request, err := http.NewRequest(cmp.Or(s.Method, r.Method), "http://"+cmp.Or(s.Host, w.address)+expanded(cmp.Or(s.Path, r.Path)), nil)
	if err != nil {
		return "", "", err
	}
	body := sha256.Sum256([]byte(s.Body))
	credentials := aws.Credentials{AccessKeyID: cmp.Or(s.Key, "local"), SecretAccessKey: cmp.Or(s.Secret, "local"), SessionToken: s.Session}
	at := time.Now().Add(-time.Duration(s.Late) * time.Second)
	err = v4.NewSigner().SignHTTP(context.Background(), credentials, request, hex.EncodeToString(body[:]), cmp.Or(s.Service, "execute-api"), cmp.Or(s.Region, region), at)
	return request.Header.Get("Authorization"), request.Header.Get("X-Amz-Date"), err
}
