// Command function is a Lambda function that does what its event says, for the tests of package
// runtimeapi.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string `json:"do"`
	Text string `json:"text"`
	N    int    `json:"n"`
}

var errOwn = errors.New("the handler's own error")

func main() {
	switch os.Getenv("START") {
	case "exit":
		os.Exit(3)
	case "hang":
		select {}
	case "print groups":
		fmt.Println("groups:", groups())
	case "report":
		post("init/error", `{"errorType":"Own.Error","errorMessage":"cannot start"}`)
		os.Exit(1)
	}
	var m meeting
	lambda.StartWithOptions(m.handle)
}

// A meeting is invocations that wait for each other.
type meeting struct {
	mu   sync.Mutex
	here int
	all  chan struct{}
}

func (m *meeting) handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "echo":
		fmt.Println("echo on stdout")
		fmt.Fprintln(os.Stderr, "echo on stderr")
		return e.Text, nil
	case "error":
		return nil, errOwn
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(e.N)
	case "exit afterwards":
		time.AfterFunc(50*time.Millisecond, func() { os.Exit(0) })
		return "soon", nil
	case "hang":
		fmt.Println("hanging")
		select {}
	case "respond after the deadline":
		<-ctx.Done()
		return "late", nil
	case "respond":
		return strings.Repeat("x", e.N), nil
	case "groups":
		return groups(), nil
	case "environment":
		return os.Environ(), nil
	case "invocation":
		return describe(ctx), nil
	case "meet":
		m.meet(e.N)
		return "met", nil
	case "complete an unknown request":
		return post("invocation/no-such-id/response", `"hello"`), nil
	}
	return nil, errors.New("unknown event")
}

// meet returns when n invocations are in it.
func (m *meeting) meet(n int) {
	m.mu.Lock()
	if m.here++; m.here == 1 {
		m.all = make(chan struct{})
	}
	all := m.all
	if m.here == n {
		close(all)
		m.here = 0
	}
	m.mu.Unlock()
	<-all
}

func describe(ctx context.Context) map[string]any {
	l, _ := lambdacontext.FromContext(ctx)
	end, _ := ctx.Deadline()
	return map[string]any{
		"pid": os.Getpid(), "requestId": l.AwsRequestID, "arn": l.InvokedFunctionArn,
		"left": time.Until(end).Milliseconds(), "trace": ctx.Value("x-amzn-trace-id"),
	}
}

// groups returns the control groups of this process, where there are any.
func groups() string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	return string(text)
}

// post talks to the runtime API past the library, and returns the status of the response.
func post(path, body string) int {
	response, err := http.Post("http://"+os.Getenv("AWS_LAMBDA_RUNTIME_API")+"/2018-06-01/runtime/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}
