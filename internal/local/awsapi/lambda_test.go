package awsapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/require"

	"orders/internal/local/awsapi"
	"orders/internal/local/lambda"
)

func lambdaClient(t *testing.T, e *awsapi.Endpoints) *awslambda.Client {
	return awslambda.New(awslambda.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(serve(t, e).URL),
		Credentials:  local,
	})
}

func TestFunctionNames(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)
	for _, name := range []string{
		"echo",
		"echo:$LATEST",
		"echo:live",
		"function:echo",
		"123456789012:function:echo",
		"123456789012:function:echo:live",
		"arn:aws:lambda:eu-west-1:000000000000:function:echo",
		"arn:aws:lambda:eu-west-1:000000000000:function:echo:live",
		"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:echo:$LATEST",
	} {
		response, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"a":"<&>"}`)})
		require.NoError(t, err, name)
		require.Equal(t, int32(http.StatusOK), response.StatusCode)
		require.Nil(t, response.FunctionError)
		require.Equal(t, "$LATEST", *response.ExecutedVersion)
		require.Equal(t, `{"a":"<&>"}`, string(response.Payload))
	}
}

func TestQualifiers(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)

	_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo:live"), Qualifier: aws.String("live")})
	require.NoError(t, err)

	_, err = client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo:live"), Qualifier: aws.String("next")})
	_, ok := errors.AsType[*types.InvalidParameterValueException](err)
	require.True(t, ok, err)
}

func TestUnknownQualifier(t *testing.T) {
	e, _ := newEndpoints()
	for _, input := range []*awslambda.InvokeInput{
		{FunctionName: aws.String("echo:next")},
		{FunctionName: aws.String("echo"), Qualifier: aws.String("next")},
	} {
		_, err := lambdaClient(t, e).Invoke(t.Context(), input)
		missing, ok := errors.AsType[*types.ResourceNotFoundException](err)
		require.True(t, ok, err)
		require.Equal(t, "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:echo:next", *missing.Message)
	}
}

func TestLogResult(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)
	for _, function := range []string{"echo", "fail"} {
		response, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &function, LogType: types.LogTypeTail})
		require.NoError(t, err)
		log, err := base64.StdEncoding.DecodeString(aws.ToString(response.LogResult))
		require.NoError(t, err)
		requestID, ok := awsmiddleware.GetRequestIDMetadata(response.ResultMetadata)
		require.True(t, ok)
		require.Equal(t, "log of "+requestID+"\n", string(log))

		response, err = client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &function})
		require.NoError(t, err)
		require.Nil(t, response.LogResult)
	}

	e.Logs = func(string) []byte { return []byte(strings.Repeat("a line of 16 b.\n", 1000)) }
	response, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo"), LogType: types.LogTypeTail})
	require.NoError(t, err)
	log, err := base64.StdEncoding.DecodeString(aws.ToString(response.LogResult))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("a line of 16 b.\n", 4096/16-1), string(log), "whole lines of at most 4 KB")
}

func TestUnknownFunction(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)
	for _, kind := range types.InvocationTypeEvent.Values() {
		_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("nobody"), InvocationType: kind})
		missing, ok := errors.AsType[*types.ResourceNotFoundException](err)
		require.True(t, ok, err)
		require.Equal(t, "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:nobody", *missing.Message)
		require.Equal(t, "User", *missing.Type)
	}
}

func TestInvalidFunctionNames(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)
	for _, name := range []string{"a b", "arn:aws:s3:::echo", "echo:live:more", "échо"} {
		_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name})
		requireAPIError(t, err, "ValidationException")
	}
}

func TestFunctionError(t *testing.T) {
	e, _ := newEndpoints()
	response, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("fail")})

	require.NoError(t, err)
	require.Equal(t, int32(http.StatusOK), response.StatusCode)
	require.Equal(t, "Unhandled", *response.FunctionError)
	require.Equal(t, "$LATEST", *response.ExecutedVersion)
	require.JSONEq(t, `{"errorMessage":"no luck","errorType":"errorString"}`, string(response.Payload))
}

func TestEmptyPayload(t *testing.T) {
	e, _ := newEndpoints()
	response, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo")})
	require.NoError(t, err)
	require.Equal(t, "{}", string(response.Payload))
}

func TestInvalidPayloads(t *testing.T) {
	e, _ := newEndpoints()
	e.Async = func(*lambda.Function, []byte) { t.Error("invoked") }
	client := lambdaClient(t, e)
	for _, kind := range []types.InvocationType{types.InvocationTypeRequestResponse, types.InvocationTypeEvent} {
		for _, payload := range []string{"secret street 5", `{"a":}`, "{}{}", " ", "\"\xff\""} {
			_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{
				FunctionName: aws.String("echo"), InvocationType: kind, Payload: []byte(payload),
			})
			rejected, ok := errors.AsType[*types.InvalidRequestContentException](err)
			require.True(t, ok, err)
			require.NotContains(t, err.Error(), "street")
			require.Equal(t, "User", *rejected.Type)
		}
	}
}

func TestPayloadLimits(t *testing.T) {
	for _, test := range []struct {
		kind  types.InvocationType
		limit int
	}{
		{types.InvocationTypeRequestResponse, 6 << 20},
		{types.InvocationTypeEvent, 1 << 20},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			e, _ := newEndpoints()
			client := lambdaClient(t, e)
			input := &awslambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: test.kind}

			input.Payload = []byte(`"` + strings.Repeat("x", test.limit-2) + `"`)
			_, err := client.Invoke(t.Context(), input)
			require.NoError(t, err)

			input.Payload = append(input.Payload, ' ')
			_, err = client.Invoke(t.Context(), input)
			_, ok := errors.AsType[*types.RequestTooLargeException](err)
			require.True(t, ok, err)
		})
	}
}

func TestAsynchronousInvocation(t *testing.T) {
	e, _ := newEndpoints()
	var name, payload string
	e.Async = func(f *lambda.Function, p []byte) { name, payload = f.Name, string(p) }

	response, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: aws.String("fail"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"a":1}`),
	})

	require.NoError(t, err)
	require.Equal(t, int32(http.StatusAccepted), response.StatusCode)
	require.Empty(t, response.Payload)
	require.Equal(t, "fail", name)
	require.Equal(t, `{"a":1}`, payload)
}

func TestDryRun(t *testing.T) {
	e, _ := newEndpoints()
	e.Functions["echo"].Handler = handler(func(context.Context, []byte) ([]byte, error) {
		t.Error("invoked")
		return nil, nil
	})
	response, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: aws.String("echo"), InvocationType: types.InvocationTypeDryRun,
	})
	require.NoError(t, err)
	require.Equal(t, int32(http.StatusNoContent), response.StatusCode)
}

func TestUnknownInvocationType(t *testing.T) {
	e, _ := newEndpoints()
	_, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: "Soon"})
	requireAPIError(t, err, "ValidationException")
}

func TestInvocationOutlivesItsClient(t *testing.T) {
	e, _ := newEndpoints()
	ctx, disconnect := context.WithCancel(t.Context())
	e.Functions["echo"].Handler = handler(func(ctx context.Context, _ []byte) ([]byte, error) {
		disconnect()
		return []byte(`"done"`), ctx.Err()
	})
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/2015-03-31/functions/echo/invocations", nil)
	request.Header.Set("Authorization", authorization("lambda"))
	recorder := httptest.NewRecorder()

	e.Route(http.NotFoundHandler()).ServeHTTP(recorder, request)

	require.Equal(t, `"done"`, recorder.Body.String())
	require.Empty(t, recorder.Header().Get("X-Amz-Function-Error"))
}
