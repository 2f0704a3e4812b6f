package hostile

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// region is that of the service under test.
const region = "eu-west-1"

// written is the request as HTTP/1.1. A length is added where the headers do not say how the body comes.
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

// expanded writes out ${TEXT*NUMBER}, a text that is repeated.
func expanded(text string) string {
	return repetition.ReplaceAllStringFunc(text, func(match string) string {
		parts := repetition.FindStringSubmatch(match)
		n, _ := strconv.Atoi(parts[2]) // digits, and few of them
		return strings.Repeat(parts[1], n)
	})
}

// filling puts what only a running service knows, and what is repeated, in the place of ${...}.
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

// sign is the Authorization header and the date of what r says it signs.
func (w *Wire) sign(r Request) (authorization, date string, err error) {
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
