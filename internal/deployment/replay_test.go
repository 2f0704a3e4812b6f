package deployment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	streamimage "orders/internal/dynamo/image"
	"orders/internal/handler"
	"orders/internal/order"
)

// A cloud is a folder from which a stand-in for the AWS CLI answers, and in which it writes down what it was asked.
type cloud string

func newCloud(t *testing.T) cloud {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		if os.Getenv("REQUIRE_JQ") == "1" {
			t.Fatal("REQUIRE_JQ is 1, but there is no jq")
		}
		t.Skip("there is no jq")
	}
	c := cloud(t.TempDir())
	script, err := os.ReadFile("testdata/aws.sh")
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(string(c), "bin"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(string(c), "bin", "aws"), script, 0o755))
	return c
}

func (c cloud) write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(string(c), name), []byte(content), 0o600))
}

// message puts a message in a queue, body being the text of it.
func (c cloud) message(t *testing.T, queue, receipt, body string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Messages": []any{map[string]any{"ReceiptHandle": receipt, "Body": body}}})
	require.NoError(t, err)
	c.write(t, queue+"."+receipt+".message", string(text))
}

// lines is what was written down about something, if anything was.
func (c cloud) lines(name string) []string {
	content, _ := os.ReadFile(filepath.Join(string(c), name))
	return strings.FieldsFunc(string(content), func(r rune) bool { return r == '\n' })
}

// run runs a command in a shell that has read the README's functions.
func (c cloud) run(t *testing.T, command string) string {
	t.Helper()
	_, block, found := strings.Cut(section(t, "### Send dead letters again"), "```sh\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	shell := exec.CommandContext(t.Context(), "sh", "-c", block+command)
	shell.Env = append(os.Environ(), "PATH="+filepath.Join(string(c), "bin")+":"+os.Getenv("PATH"), "CLOUD="+string(c), "TMPDIR="+t.TempDir())
	output, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return string(output)
}

func TestReplaySendsEventsToOnEvents(t *testing.T) {
	const event = `{"id":"e-1","source":"ecommerce.warehouse","detail-type":"PackagingFailed","resources":["o-1"],"detail":{}}`
	for name, body := range map[string]string{
		"RulesDeadLetterQueue":    event,
		"OnEventsDeadLetterQueue": `{"version":"1.0","requestContext":{"condition":"RetriesExhausted"},"requestPayload":` + event + `,"responsePayload":{"errorMessage":"x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.message(t, name, "r-1", body)
			c.message(t, name, "r-2", strings.Replace(body, "o-1", "refused", 1))
			output := c.run(t, "replay "+name)
			require.Equal(t, []string{"OnEvents " + event, "OnEvents " + strings.Replace(event, "o-1", "refused", 1)}, c.lines("invoked"))
			require.Equal(t, []string{name + " r-1"}, c.lines("deleted"), "what is not taken stays")
			require.Contains(t, output, "not taken: e-1")
		})
	}
}

const pointer = `{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":"s-1","startSequenceNumber":"99","endSequenceNumber":"101","batchSize":2,"streamArn":"arn:stream"}}`

func streamRecord(number int, orderID string) string {
	image := fmt.Sprintf(`{"orderId":{"S":%q},"total":{"N":"1"}}`, orderID)
	return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"%d","Keys":{"orderId":{"S":%q}},"NewImage":%s}}`, number, orderID, image)
}

func TestReannounceFetchesTheChangesAndSendsThem(t *testing.T) {
	c := newCloud(t)
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	c.write(t, "page-1", `{"Records":[`+streamRecord(99, "o-1")+`],"NextShardIterator":"page-2"}`)
	c.write(t, "page-2", `{"Records":[],"NextShardIterator":"page-3"}`)
	c.write(t, "page-3", `{"Records":[`+streamRecord(101, "o-2")+`,`+streamRecord(102, "o-3")+`],"NextShardIterator":"page-4"}`)
	c.run(t, "reannounce")
	require.Equal(t, []string{"TableUpdateDeadLetterQueue r-1"}, c.lines("deleted"))
	require.Contains(t, strings.Join(c.lines("iterators"), " "), "--stream-arn arn:stream --shard-id s-1 --shard-iterator-type AT_SEQUENCE_NUMBER --sequence-number 99")
	require.Equal(t, []string{"OrderCreated o-1", "OrderCreated o-2"}, announced(t, c.lines("invoked")))
}

func TestReannounceKeepsWhatIsNotAnnounced(t *testing.T) {
	c := newCloud(t)
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	c.write(t, "page-1", `{"Records":[`+streamRecord(99, "refused")+`],"NextShardIterator":null}`)
	require.Contains(t, c.run(t, "reannounce"), "not announced")
	require.Empty(t, c.lines("deleted"))

	c = newCloud(t) // no page: the stream no longer has it
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	require.Contains(t, c.run(t, "reannounce"), "not announced")
	require.Empty(t, c.lines("deleted"))
}

func TestAnnounceTellsOfAnOrderFromTheTable(t *testing.T) {
	for kind, event := range map[string]string{"INSERT": "OrderCreated o-1", "MODIFY": "OrderModified o-1 modifiedDate,total"} {
		c := newCloud(t)
		c.write(t, "item", `{"Item":{"orderId":{"S":"o-1"},"total":{"N":"12"},"createdDate":{"S":"2026-01-23T10:53:49.131052Z"},"modifiedDate":{"S":"2026-01-24T10:53:49.131052Z"}}}`)
		c.run(t, "announce "+kind+" o-1")
		require.Equal(t, []string{event}, announced(t, c.lines("invoked")))
	}
}

// announced hands what table-update was invoked with to the real one, and tells what it announced.
func announced(t *testing.T, invocations []string) []string {
	t.Helper()
	var bus recorder
	tableUpdate := handler.TableUpdate{
		Publisher: &bus, Image: streamimage.Parse, Log: slog.New(slog.DiscardHandler),
		TraceHeader: func(context.Context) string { return "" },
	}
	for _, invocation := range invocations {
		payload, ok := strings.CutPrefix(invocation, "TableUpdate ")
		require.True(t, ok)
		answer, err := tableUpdate.Invoke(t.Context(), []byte(payload))
		require.NoError(t, err)
		require.JSONEq(t, `{"batchItemFailures":[]}`, string(answer))
	}
	return bus
}

type recorder []string

func (r *recorder) Publish(_ context.Context, events []order.Event) []error {
	for _, event := range events {
		var modification order.Modification
		_ = json.Unmarshal(event.Detail, &modification) // other events have no such members
		*r = append(*r, strings.TrimSpace(string(event.Type)+" "+event.OrderID+" "+strings.Join(modification.Changed, ",")))
	}
	return make([]error, len(events))
}
