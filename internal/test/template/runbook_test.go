package template_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/require"

	"orders/internal/local"
	"orders/internal/ops"
	"orders/internal/test/testworld"
)

// An operator runs commands of cmd/ops against a local service.
type operator struct {
	url, program string
	stack        ops.Stack
	orderID      string // of an order in the table
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{program: filepath.Join(t.TempDir(), "ops")}
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", o.program, "orders/cmd/ops").CombinedOutput()
	require.NoError(t, err, "%s", output)
	o.url, _ = testworld.StartLocal(t, local.Settings{})
	token := o.request(t, http.MethodGet, "/_local/token?sub=11111111-2222-4333-8444-555555555555", "", "")
	sample := o.request(t, http.MethodGet, "/_local/sample-order", "", "")
	var created struct{ OrderID string }
	require.NoError(t, json.Unmarshal([]byte(o.request(t, http.MethodPost, "/orders", token, sample)), &created))
	o.orderID = created.OrderID
	parameters := ssm.New(ssm.Options{BaseEndpoint: aws.String(o.url), Region: testworld.Region, Credentials: localKeys})
	o.stack, err = ops.ReadStack(t.Context(), parameters, "local")
	require.NoError(t, err)
	return o
}

var localKeys = credentials.StaticCredentialsProvider{Value: testworld.LocalCredentials}

func (o *operator) request(t *testing.T, method, path, token, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, o.url+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s", text)
	return string(text)
}

// addDeadLetters adds an update that would succeed now, and one for an order that does not exist.
func (o *operator) addDeadLetters(t *testing.T) {
	t.Helper()
	client := sqs.New(sqs.Options{BaseEndpoint: aws.String(o.url), Region: testworld.Region, Credentials: localKeys})
	for _, orderID := range []string{o.orderID, "6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21"} {
		event := map[string]any{
			"version": "0", "id": orderID, "source": "ecommerce.warehouse", "detail-type": "PackagingFailed",
			"time": "2026-01-23T10:58:01Z", "resources": []string{orderID}, "detail": map[string]any{},
		}
		body, err := json.Marshal(event)
		require.NoError(t, err)
		_, err = client.SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String(o.stack.Queues.UpdateDeadLetters), MessageBody: aws.String(string(body)),
		})
		require.NoError(t, err)
	}
}

// run runs a command line of the runbook, and confirms what it asks.
func (o *operator) run(t *testing.T, line string) (output string, err error) {
	t.Helper()
	changes := regexp.MustCompile(`^(rollback|publish|dead-letters (redrive|publish|delete)) ?`)
	arguments := strings.ReplaceAll(strings.TrimPrefix(line, "ops "), "ORDER-ID", o.orderID)
	if changes.MatchString(arguments) && !strings.Contains(arguments, "--dry-run") {
		arguments += " --yes"
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", `"$OPS" `+arguments)
	shell.Env = append(os.Environ(), "OPS="+o.program, "ENVIRONMENT=local", "AWS_ENDPOINT_URL="+o.url,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_REGION="+testworld.Region)
	var text bytes.Buffer
	shell.Stdout, shell.Stderr = &text, &text
	err = shell.Run()
	return text.String(), err
}

func TestEveryCommandOfTheRunbookRuns(t *testing.T) {
	o := newOperator(t)
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(read(t, runbook)), -1)
	require.Contains(t, blocks[0][1], `ops() { go run ./cmd/ops "$@"; }`)
	var ran int
	for _, block := range blocks[1:] {
		o.addDeadLetters(t)
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			require.True(t, strings.HasPrefix(line, "ops "), line)
			output, err := o.run(t, line)
			ran++
			if strings.HasPrefix(line, "ops rollback") { // locally there is one version
				require.Contains(t, output, "no older version", line)
				continue
			}
			require.NoError(t, err, "%s\n%s", line, output)
		}
	}
	require.Greater(t, ran, 15)
}

func TestTheRunbooksCommandsEmptyTheDeadLetters(t *testing.T) {
	o := newOperator(t)
	o.addDeadLetters(t)
	_, alarm, _ := strings.Cut(string(read(t, runbook)), "\n### FulfilmentDeadLetterMessagesAlarm\n")
	for _, line := range strings.Split(alarm, "\n")[:30] {
		if strings.HasPrefix(line, "ops ") {
			output, err := o.run(t, line)
			require.NoError(t, err, "%s\n%s", line, output)
		}
	}
	output, err := o.run(t, "ops dead-letters list --queue updates --output json")
	require.NoError(t, err)
	var left []ops.Letter
	require.NoError(t, json.Unmarshal([]byte(output), &left), output)
	require.Empty(t, left)
}
