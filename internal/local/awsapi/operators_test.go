package awsapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"

	"orders/internal/local/lambda"
)

// operatorConfig returns a configuration of clients that reach the endpoints.
func operatorConfig(t *testing.T, e *Endpoints) aws.Config {
	t.Helper()
	server := httptest.NewServer(e.Route(http.NotFoundHandler()))
	t.Cleanup(server.Close)
	return aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
}

func TestEveryFunctionHasOneVersion(t *testing.T) {
	f := &lambda.Function{Name: "get-order", Region: "eu-west-1"}
	cfg := operatorConfig(t, &Endpoints{Region: "eu-west-1", Functions: map[string]*lambda.Function{f.Name: f}, Commit: "abc", Started: time.Unix(1767225600, 0)})
	client := awslambda.NewFromConfig(cfg)
	live, err := client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("get-order"), Name: aws.String("live")})
	require.NoError(t, err)
	require.Equal(t, "1", *live.FunctionVersion)

	versions, err := client.ListVersionsByFunction(t.Context(), &awslambda.ListVersionsByFunctionInput{FunctionName: aws.String("get-order")})
	require.NoError(t, err)
	require.Len(t, versions.Versions, 2)
	require.Equal(t, []string{"1", "abc", "2026-01-01T00:00:00Z"},
		[]string{*versions.Versions[1].Version, *versions.Versions[1].Description, *versions.Versions[1].LastModified})

	move := func(version string) error {
		_, err := client.UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{
			FunctionName: aws.String("get-order"), Name: aws.String("live"), FunctionVersion: aws.String(version)})
		return err
	}
	require.NoError(t, move("1"))
	var missing *lambdatypes.ResourceNotFoundException
	require.ErrorAs(t, move("2"), &missing)
	_, err = client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("get-order"), Name: aws.String("test")})
	require.ErrorAs(t, err, &missing)
	_, err = client.GetAlias(t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("x"), Name: aws.String("live")})
	require.ErrorAs(t, err, &missing)
}

func TestLogsOfAnOrderCanBeQueried(t *testing.T) {
	cfg := operatorConfig(t, &Endpoints{OrderLogs: func(orderID string) []string { return []string{"about " + orderID} }})
	client := cloudwatchlogs.NewFromConfig(cfg)
	start := func(query string) (*cloudwatchlogs.StartQueryOutput, error) {
		return client.StartQuery(t.Context(), &cloudwatchlogs.StartQueryInput{
			LogGroupNames: []string{"g"}, StartTime: aws.Int64(1), EndTime: aws.Int64(2), QueryString: aws.String(query)})
	}
	query, err := start(`fields @message | filter orderId = "o-1" | limit 9`)
	require.NoError(t, err)
	results, err := client.GetQueryResults(t.Context(), &cloudwatchlogs.GetQueryResultsInput{QueryId: query.QueryId})
	require.NoError(t, err)
	require.Equal(t, logstypes.QueryStatusComplete, results.Status)
	require.Equal(t, "about o-1", *results.Results[0][0].Value)
	_, err = start("fields @message")
	require.ErrorContains(t, err, "MalformedQueryException")
}

func TestTheTableServesDynamoDB(t *testing.T) {
	cfg := operatorConfig(t, &Endpoints{Table: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "DynamoDB_20120810.GetItem", r.Header.Get("X-Amz-Target"))
		w.Header().Set("X-Amz-Crc32", "2745614147") // of {}
		_, _ = w.Write([]byte("{}"))
	})})
	output, err := dynamodb.NewFromConfig(cfg).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("t"), Key: map[string]dynamotypes.AttributeValue{"orderId": &dynamotypes.AttributeValueMemberS{Value: "x"}}})
	require.NoError(t, err)
	require.Empty(t, output.Item)
}
