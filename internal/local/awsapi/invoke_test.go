package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
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

func TestInvokeByEveryKindOfName(t *testing.T) {
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
		answer, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name, Payload: []byte(`{"a":"<&>"}`)})
		require.NoError(t, err, name)
		require.Equal(t, int32(http.StatusOK), answer.StatusCode)
		require.Nil(t, answer.FunctionError)
		require.Equal(t, "$LATEST", *answer.ExecutedVersion)
		require.Equal(t, `{"a":"<&>"}`, string(answer.Payload))
	}
}

func TestInvokeWithAQualifier(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)

	_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo:live"), Qualifier: aws.String("live")})
	require.NoError(t, err)

	_, err = client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo:live"), Qualifier: aws.String("next")})
	_, ok := errors.AsType[*types.InvalidParameterValueException](err)
	require.True(t, ok, err)
}

func TestInvokeAnUnknownFunction(t *testing.T) {
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

func TestInvokeByNoNameAtAll(t *testing.T) {
	e, _ := newEndpoints()
	client := lambdaClient(t, e)
	for _, name := range []string{"a b", "arn:aws:s3:::echo", "echo:live:more", "échо"} {
		_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &name})
		requireFault(t, err, "ValidationException")
	}
}

func TestInvokeReportsAFunctionError(t *testing.T) {
	e, _ := newEndpoints()
	answer, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("fail")})

	require.NoError(t, err)
	require.Equal(t, int32(http.StatusOK), answer.StatusCode)
	require.Equal(t, "Unhandled", *answer.FunctionError)
	require.Equal(t, "$LATEST", *answer.ExecutedVersion)
	require.JSONEq(t, `{"errorMessage":"no luck","errorType":"errorString"}`, string(answer.Payload))
}

func TestNoPayloadIsAnEmptyObject(t *testing.T) {
	e, _ := newEndpoints()
	answer, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo")})
	require.NoError(t, err)
	require.Equal(t, "{}", string(answer.Payload))
}

func TestAPayloadMustBeJSON(t *testing.T) {
	e, _ := newEndpoints()
	e.Async = func(*lambda.Function, []byte) { t.Error("not to be invoked") }
	client := lambdaClient(t, e)
	for _, kind := range []types.InvocationType{types.InvocationTypeRequestResponse, types.InvocationTypeEvent} {
		for _, payload := range []string{"secret street 5", `{"a":}`, "{}{}", " ", "\"\xff\""} {
			_, err := client.Invoke(t.Context(), &awslambda.InvokeInput{
				FunctionName: aws.String("echo"), InvocationType: kind, Payload: []byte(payload),
			})
			refused, ok := errors.AsType[*types.InvalidRequestContentException](err)
			require.True(t, ok, err)
			require.NotContains(t, err.Error(), "street")
			require.Equal(t, "User", *refused.Type)
		}
	}
}

func TestAPayloadHasALimit(t *testing.T) {
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

func TestEventInvocationsAreHandedOn(t *testing.T) {
	e, _ := newEndpoints()
	var name, payload string
	e.Async = func(f *lambda.Function, p []byte) { name, payload = f.Name, string(p) }

	answer, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: aws.String("fail"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"a":1}`),
	})

	require.NoError(t, err)
	require.Equal(t, int32(http.StatusAccepted), answer.StatusCode)
	require.Empty(t, answer.Payload)
	require.Equal(t, "fail", name)
	require.Equal(t, `{"a":1}`, payload)
}

func TestADryRunRunsNothing(t *testing.T) {
	e, _ := newEndpoints()
	e.Functions["echo"].Handler = handler(func(context.Context, []byte) ([]byte, error) {
		t.Error("not to be invoked")
		return nil, nil
	})
	answer, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: aws.String("echo"), InvocationType: types.InvocationTypeDryRun,
	})
	require.NoError(t, err)
	require.Equal(t, int32(http.StatusNoContent), answer.StatusCode)
}

func TestAnUnknownInvocationType(t *testing.T) {
	e, _ := newEndpoints()
	_, err := lambdaClient(t, e).Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: "Soon"})
	requireFault(t, err, "ValidationException")
}

func TestAnInvocationOutlivesItsClient(t *testing.T) {
	e, _ := newEndpoints()
	ctx, hangUp := context.WithCancel(t.Context())
	e.Functions["echo"].Handler = handler(func(ctx context.Context, _ []byte) ([]byte, error) {
		hangUp()
		return []byte(`"done"`), ctx.Err()
	})
	mux := http.NewServeMux()
	e.Register(mux)
	recorder := httptest.NewRecorder()

	mux.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodPost, "/2015-03-31/functions/echo/invocations", nil))

	require.Equal(t, `"done"`, recorder.Body.String())
	require.Empty(t, recorder.Header().Get("X-Amz-Function-Error"))
}
