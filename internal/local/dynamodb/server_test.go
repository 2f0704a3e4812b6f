package dynamodb_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"orders/internal/local/dynamodb"
	"orders/internal/local/dynamodb/dynamodbtest"
)

func TestServerInMemory(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	t.Parallel()
	server, err := dynamodb.StartServer(t.Context(), dynamodb.ServerOptions{Log: t.Output()})
	require.NoError(t, err)
	name := dynamodbtest.Table(t, server.Endpoint())
	client := dynamodbtest.Client(t, server.Endpoint())
	put(t.Context(), client, name, "1")
	require.Equal(t, []string{"1"}, stored(t, client, name))

	address := strings.TrimPrefix(server.Endpoint(), "http://")
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	taken, err := strconv.Atoi(port)
	require.NoError(t, err)
	_, err = dynamodb.StartServer(t.Context(), dynamodb.ServerOptions{Port: taken, Log: t.Output()})
	require.EqualError(t, err, "start DynamoDB Local: the port is taken")

	require.NoError(t, server.Close())
	require.NoError(t, server.Close())
	requireNoListener(t, address)
}

// TestServerEndsWithItsOwner kills the owner during writes. The next server has every order that
// the last one acknowledged.
func TestServerEndsWithItsOwner(t *testing.T) {
	dynamodbtest.NeedsServer(t)
	t.Parallel()
	folder := t.TempDir()
	owner, endpoint := startOwner(t, folder)
	client := dynamodbtest.Client(t, endpoint)
	require.NoError(t, dynamodb.EnsureTable(t.Context(), client, "orders"))
	var acknowledged []string
	var writer sync.WaitGroup
	some := make(chan struct{})
	writer.Go(func() {
		for i := 0; put(t.Context(), client, "orders", strconv.Itoa(i)) == nil; i++ {
			if acknowledged = append(acknowledged, strconv.Itoa(i)); i == 5 {
				close(some)
			}
		}
	})
	<-some
	require.NoError(t, owner.Process.Kill())
	_ = owner.Wait()
	writer.Wait()
	requireNoListener(t, strings.TrimPrefix(endpoint, "http://"))

	server, err := dynamodb.StartServer(t.Context(), dynamodb.ServerOptions{Dir: folder, Log: t.Output()})
	require.NoError(t, err)
	defer server.Close()
	require.Subset(t, stored(t, dynamodbtest.Client(t, server.Endpoint()), "orders"), acknowledged)
}

func startOwner(t *testing.T, folder string) (owner *exec.Cmd, endpoint string) {
	owner = exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), keepIn+"="+folder)
	owner.Stderr = t.Output()
	_, err := owner.StdinPipe()
	require.NoError(t, err)
	output, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	t.Cleanup(func() { _ = owner.Process.Kill() })
	endpoint, err = bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	return owner, strings.TrimSpace(endpoint)
}

// put attempts a call once, so that its result is right for a server that is being killed.
func put(ctx context.Context, client *awsdynamodb.Client, name, orderID string) error {
	text := &types.AttributeValueMemberS{Value: orderID}
	_, err := client.PutItem(ctx, &awsdynamodb.PutItemInput{
		TableName: aws.String(name),
		Item:      map[string]types.AttributeValue{"orderId": text, "userId": text, "createdDate": text},
	}, func(o *awsdynamodb.Options) { o.RetryMaxAttempts = 1 })
	return err
}

func stored(t *testing.T, client *awsdynamodb.Client, name string) (ids []string) {
	out, err := client.Scan(t.Context(), &awsdynamodb.ScanInput{TableName: aws.String(name), ConsistentRead: aws.Bool(true)})
	require.NoError(t, err)
	for _, item := range out.Items {
		ids = append(ids, item["orderId"].(*types.AttributeValueMemberS).Value)
	}
	return ids
}

// requireNoListener gives the kernel time to end a killed process.
func requireNoListener(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	}, 30*time.Second, 20*time.Millisecond, "something still listens")
}
