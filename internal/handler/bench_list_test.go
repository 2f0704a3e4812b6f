package handler_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"orders/internal/dynamo"
	"orders/internal/handler"
	"orders/internal/order"
)

// cannedResponse is a transport on which DynamoDB always returns the same body.
type cannedResponse []byte

func (c cannedResponse) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(c)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(bytes.NewReader(c)),
	}, nil
}

// queryResponse returns DynamoDB's response with a page of orders.
func queryResponse(orders, products int) []byte {
	line := func(i int) string {
		return fmt.Sprintf(`{"M":{"productId":{"S":"00000000-0000-4000-8000-%012d"},"name":{"S":"Kettle %d"},"price":{"N":"1000"},"quantity":{"N":"2"},`+
			`"package":{"M":{"width":{"N":"200"},"length":{"N":"150"},"height":{"N":"50"},"weight":{"N":"300"}}}}}`, i, i)
	}
	lines := make([]string, products)
	for i := range lines {
		lines[i] = line(i)
	}
	items := make([]string, orders)
	for i := range items {
		items[i] = fmt.Sprintf(`{"orderId":{"S":"%s"},"userId":{"S":"ada"},"status":{"S":"NEW"},"createdDate":{"S":"2026-01-23T10:53:49.%06dZ"},`+
			`"modifiedDate":{"S":"2026-01-23T10:53:49.%06dZ"},"deliveryPrice":{"N":"1000"},"paymentToken":{"S":"tok-%d"},"total":{"N":"%d"},`+
			`"address":{"M":{"name":{"S":"Ada Example"},"streetAddress":{"S":"100 Sample Street"},"city":{"S":"Paris"},"country":{"S":"FR"},"phoneNumber":{"S":"+33-1-99-00-01-02"}}},`+
			`"products":{"L":[%s]}}`, order.IDFor(order.PaymentToken(fmt.Sprint(i))), 999999-i, 999999-i, i, 2000*products+1000, strings.Join(lines, ","))
	}
	return fmt.Appendf(nil, `{"Count":%d,"ScannedCount":%d,"Items":[%s]}`, orders, orders, strings.Join(items, ","))
}

// BenchmarkListOrders lists a page of 100 orders with 55 products each, from the bytes of
// DynamoDB's response to the bytes of the function's. It reports CPU time too, which a busy
// machine does not distort.
func BenchmarkListOrders(b *testing.B) {
	client := dynamo.NewClient(aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "")}, "", dynamo.Timing{})
	client.Options().HTTPClient.(*http.Client).Transport = cannedResponse(queryResponse(100, 55))
	h := &handler.GetOrder{Orders: &order.Service{Store: &dynamo.Store{Client: client, Table: "orders"}}, Metrics: noMetrics{}, Log: slog.New(slog.DiscardHandler)}
	event := proxyEvent("GET", "/orders", "ada", func(r *events.APIGatewayProxyRequest) {
		r.QueryStringParameters = map[string]string{"limit": "100"}
	})
	before := cpuTime()
	benchmark(b, `"statusCode":200`, event, h)
	b.ReportMetric(float64(cpuTime()-before)/1e6/float64(b.N+1), "cpu-ms/op") // and one invocation before the loop
}

// cpuTime returns the process's CPU time, in nanoseconds.
func cpuTime() int64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}
