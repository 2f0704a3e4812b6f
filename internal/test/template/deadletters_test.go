package template_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"orders/internal/dynamo/streamimage"
	"orders/internal/handler"
	"orders/internal/order"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A cloud is a directory with the responses of a fake AWS CLI, which records its calls there.
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

// message puts a message in a queue.
func (c cloud) message(t *testing.T, queue, receipt, body string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"Messages": []any{map[string]any{"ReceiptHandle": receipt, "Body": body}}})
	require.NoError(t, err)
	c.write(t, queue+"."+receipt+".message", string(text))
}

// lines returns the lines of a record of calls, if there is one.
func (c cloud) lines(name string) []string {
	content, _ := os.ReadFile(filepath.Join(string(c), name))
	return strings.FieldsFunc(string(content), func(r rune) bool { return r == '\n' })
}

// run runs a command in a shell with the runbook's functions.
func (c cloud) run(t *testing.T, command string) string {
	t.Helper()
	output, err := c.try(t, command)
	require.NoError(t, err, "%s", output)
	return output
}

// try is run for a command that may fail.
func (c cloud) try(t *testing.T, command string) (string, error) {
	t.Helper()
	_, block, found := strings.Cut(section(t, runbook, "## Redrive dead letters"), "```sh\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	shell := exec.CommandContext(t.Context(), "sh", "-c", block+command)
	shell.Env = append(os.Environ(), "PATH="+filepath.Join(string(c), "bin")+":"+os.Getenv("PATH"), "CLOUD="+string(c), "TMPDIR="+t.TempDir())
	output, err := shell.CombinedOutput()
	return string(output), err
}

func TestReplayInvokesOnEvents(t *testing.T) {
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
			require.Equal(t, []string{name + " r-1"}, c.lines("deleted"), "an event that fails stays in the queue")
			require.Equal(t, "applied: e-1\nfailed: e-1\n", output)
		})
	}
}

// on-events ignores what it does not know, but that is no reason to delete it.
func TestReplayKeepsMessagesWithoutEvent(t *testing.T) {
	for name, body := range map[string]string{"another queue's": pointer, "no JSON": "hello", "no object": `"hello"`, "nothing of it": `{"requestPayload":{}}`} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.message(t, "OnEventsDeadLetterQueue", "r-1", body)
			require.Contains(t, c.run(t, "replay OnEventsDeadLetterQueue"), "failed: a message without an event\n")
			require.Empty(t, c.lines("invoked"))
			require.Empty(t, c.lines("deleted"))
		})
	}
}

const pointer = `{"requestContext":{"condition":"RetryAttemptsExhausted"},"DDBStreamBatchInfo":{"shardId":"s-1","startSequenceNumber":"99","endSequenceNumber":"101","batchSize":2,"streamArn":"arn:stream"}}`

func streamRecord(number int, orderID string) string {
	image := fmt.Sprintf(`{"orderId":{"S":%q},"total":{"N":"1"}}`, orderID)
	return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"%d","Keys":{"orderId":{"S":%q}},"NewImage":%s}}`, number, orderID, image)
}

func TestRepublishReadsAndPublishesTheRecords(t *testing.T) {
	c := newCloud(t)
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	c.write(t, "page-1", `{"Records":[`+streamRecord(99, "o-1")+`],"NextShardIterator":"page-2"}`)
	c.write(t, "page-2", `{"Records":[],"NextShardIterator":"page-3"}`)
	c.write(t, "page-3", `{"Records":[`+streamRecord(101, "o-2")+`,`+streamRecord(102, "o-3")+`],"NextShardIterator":"page-4"}`)
	output := c.run(t, "republish")
	require.Contains(t, output, `published: {"shardId":"s-1",`)
	require.NotContains(t, output, "not published")
	require.Equal(t, []string{"TableUpdateDeadLetterQueue r-1"}, c.lines("deleted"))
	require.Contains(t, strings.Join(c.lines("iterators"), " "), "--stream-arn arn:stream --shard-id s-1 --shard-iterator-type AT_SEQUENCE_NUMBER --sequence-number 99")
	require.Equal(t, []string{"OrderCreated o-1", "OrderCreated o-2"}, published(t, c.lines("invoked")))
}

func TestRepublishKeepsWhatIsNotPublished(t *testing.T) {
	c := newCloud(t)
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	c.write(t, "page-1", `{"Records":[`+streamRecord(99, "refused")+`],"NextShardIterator":null}`)
	require.Contains(t, c.run(t, "republish"), "not published")
	require.Empty(t, c.lines("deleted"))

	c = newCloud(t) // no page: the stream no longer has it
	c.message(t, "TableUpdateDeadLetterQueue", "r-1", pointer)
	require.Contains(t, c.run(t, "republish"), "not published")
	require.Empty(t, c.lines("deleted"))
}

func tableItem(orderID string) string {
	return fmt.Sprintf(`{"Item":{"orderId":{"S":%q},"total":{"N":"12"},"createdDate":{"S":"2026-01-23T10:53:49.131052Z"},"modifiedDate":{"S":"2026-01-24T10:53:49.131052Z"}}}`, orderID)
}

func TestPublishUsesTheOrderInTheTable(t *testing.T) {
	for kind, event := range map[string]string{"INSERT": "OrderCreated o-1", "MODIFY": "OrderModified o-1 modifiedDate,total"} {
		c := newCloud(t)
		c.write(t, "item", tableItem("o-1"))
		require.Equal(t, "published: o-1\n", c.run(t, "publish "+kind+" o-1"))
		require.Equal(t, []string{event}, published(t, c.lines("invoked")))
	}
}

func TestPublishReportsFailures(t *testing.T) {
	const unknown = "the table has no such order"
	for name, test := range map[string]struct{ file, content, reason string }{
		"no order":                  {"", "", unknown},
		"no order, in JSON":         {"item", "{}", unknown},
		"access denied":             {"denied", "", "AccessDeniedException"},
		"the function fails":        {"item", tableItem("refused"), ""},
		"the bus rejects the entry": {"item", tableItem("unsent"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			if test.file != "" {
				c.write(t, test.file, test.content)
			}
			output, err := c.try(t, "publish INSERT o-1")
			require.Error(t, err)
			require.True(t, strings.HasSuffix("\n"+output, "\nnot published: o-1\n"), output)
			require.Contains(t, output, test.reason)
			require.Equal(t, test.reason == "", len(c.lines("invoked")) == 1, "table-update is invoked unless there is no order")
		})
	}
}

// published invokes the real table-update with what the fake was invoked with, and returns what it
// publishes.
func published(t *testing.T, invocations []string) []string {
	t.Helper()
	var bus recorder
	tableUpdate := handler.TableUpdate{
		Publisher: &bus, Image: streamimage.Parse, Log: slog.New(slog.DiscardHandler),
		TraceHeader: func(context.Context) string { return "" },
	}
	for _, invocation := range invocations {
		payload, ok := strings.CutPrefix(invocation, "TableUpdate ")
		require.True(t, ok)
		response, err := tableUpdate.Invoke(t.Context(), []byte(payload))
		require.NoError(t, err)
		require.JSONEq(t, `{"batchItemFailures":[]}`, string(response))
	}
	return bus
}

type recorder []string

func (r *recorder) Publish(_ context.Context, events []order.Event) []error {
	for _, event := range events {
		var modification order.Modification
		_ = json.Unmarshal(event.Detail, &modification) // other events have no such properties
		*r = append(*r, strings.TrimSpace(string(event.Type)+" "+event.OrderID+" "+strings.Join(modification.Changed, ",")))
	}
	return make([]error, len(events))
}
