package environment_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/environment"
)

func from(variables map[string]string) *environment.Reader {
	return environment.NewReader(func(name string) string { return variables[name] })
}

func TestOneErrorNamesAllMissingVariables(t *testing.T) {
	r := from(map[string]string{"PRESENT": "x"})
	require.Equal(t, "x", r.Text("PRESENT"))
	r.Text("TABLE_NAME")
	r.URL("DELIVERY_API_URL")
	environment.Parse(r, "LOG_LEVEL", strconv.Atoi)
	r.AWS()
	require.EqualError(t, r.Err(), "missing environment variables: TABLE_NAME, DELIVERY_API_URL, LOG_LEVEL, AWS_REGION")
}

func TestValidVariables(t *testing.T) {
	r := from(map[string]string{"N": "7", "U": "https://example.com/prod/", "AWS_REGION": "eu-west-1"})
	require.Equal(t, 7, environment.Parse(r, "N", strconv.Atoi))
	require.Equal(t, "https://example.com/prod", r.URL("U"))
	require.Empty(t, r.OptionalURL("USERS_API_URL"))
	require.Equal(t, "eu-west-1", r.AWS().Region)
	require.NoError(t, r.Err())
}

func TestInvalidVariablesAreNamed(t *testing.T) {
	for _, text := range []string{"no url", "ftp://host", "http://", "https://:8443", "//host", "http://host?x=1", "http://u:p@host", "http://host#f"} {
		r := from(map[string]string{"U": text})
		r.OptionalURL("U")
		require.ErrorContains(t, r.Err(), "U must be an http or https URL", text)
	}
	r := from(map[string]string{"N": "seven"})
	environment.Parse(r, "N", strconv.Atoi)
	require.ErrorContains(t, r.Err(), "N: ")
}

func TestTheEndpointOfOneServiceTakesPrecedence(t *testing.T) {
	r := from(map[string]string{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": "http://one"})
	require.Equal(t, "http://one", r.Endpoint("DYNAMODB"))
	require.Equal(t, "http://all", r.Endpoint("EVENTBRIDGE"))
}

func TestCredentials(t *testing.T) {
	variables := map[string]string{"AWS_REGION": "eu-west-1"}
	cfg := from(variables).AWS()
	_, err := cfg.Credentials.Retrieve(t.Context())
	require.Error(t, err)
	variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"] = "a", "s", "t"
	c, err := cfg.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"a", "s", "t"}, []string{c.AccessKeyID, c.SecretAccessKey, c.SessionToken})
}
