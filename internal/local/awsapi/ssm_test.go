package awsapi_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"
)

func ssmClient(t *testing.T, parameters map[string]string) *ssm.Client {
	t.Helper()
	e, _ := newEndpoints()
	e.Parameters = parameters
	return ssm.New(ssm.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(serve(t, e).URL),
		Credentials:  local,
	})
}

func ecommerce() map[string]string {
	return map[string]string{
		"/ecommerce/local/orders/api/url":        "http://127.0.0.1:8080?a=1&b=<2>",
		"/ecommerce/local/orders/api/arn":        "arn:api",
		"/ecommerce/local/orders/table/name":     "orders",
		"/ecommerce/local/ordersarchive/api/url": "elsewhere",
		"/top":                                   "level",
	}
}

func TestGetParameter(t *testing.T) {
	client := ssmClient(t, ecommerce())
	for _, name := range []string{
		"/ecommerce/local/orders/api/url",
		"arn:aws:ssm:eu-west-1:000000000000:parameter/ecommerce/local/orders/api/url",
	} {
		output, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
		require.NoError(t, err)
		require.Equal(t, &types.Parameter{
			Name:             aws.String("/ecommerce/local/orders/api/url"),
			Type:             types.ParameterTypeString,
			Value:            aws.String("http://127.0.0.1:8080?a=1&b=<2>"),
			Version:          1,
			ARN:              aws.String("arn:aws:ssm:eu-west-1:000000000000:parameter/ecommerce/local/orders/api/url"),
			LastModifiedDate: &started,
			DataType:         aws.String("text"),
		}, output.Parameter)
	}
}

func TestGetMissingParameter(t *testing.T) {
	client := ssmClient(t, ecommerce())

	_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/ecommerce")})
	_, ok := errors.AsType[*types.ParameterNotFound](err)
	require.True(t, ok, err)

	_, err = client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("")})
	requireAPIError(t, err, "ValidationException")
}

func names(parameters []types.Parameter) []string {
	all := []string{}
	for _, p := range parameters {
		all = append(all, *p.Name)
	}
	return all
}

func TestGetParameters(t *testing.T) {
	client := ssmClient(t, ecommerce())

	output, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/top", "/nothing", "/ecommerce/local/orders/api/arn", "/top"}})
	require.NoError(t, err)
	require.Equal(t, []string{"/ecommerce/local/orders/api/arn", "/top"}, names(output.Parameters))
	require.Equal(t, []string{"/nothing"}, output.InvalidParameters)

	for _, list := range [][]string{{}, make([]string, 11)} {
		_, err = client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: list})
		requireAPIError(t, err, "ValidationException")
	}
}

func TestGetParametersByPath(t *testing.T) {
	client := ssmClient(t, ecommerce())
	for _, test := range []struct {
		path      string
		recursive bool
		want      []string
	}{
		{"/ecommerce/local/orders", false, []string{}},
		{"/ecommerce/local/orders", true, []string{"/ecommerce/local/orders/api/arn", "/ecommerce/local/orders/api/url", "/ecommerce/local/orders/table/name"}},
		{"/ecommerce/local/orders/", true, []string{"/ecommerce/local/orders/api/arn", "/ecommerce/local/orders/api/url", "/ecommerce/local/orders/table/name"}},
		{"/ecommerce/local/orders/api", false, []string{"/ecommerce/local/orders/api/arn", "/ecommerce/local/orders/api/url"}},
		{"/ecommerce/local/orders/api/arn", true, []string{}},
		{"/", false, []string{"/top"}},
		{"/nowhere", true, []string{}},
	} {
		output, err := client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: &test.path, Recursive: &test.recursive})
		require.NoError(t, err)
		require.Equal(t, test.want, names(output.Parameters), test.path)
		require.Nil(t, output.NextToken)
	}
}

func TestGetParametersByPathInPages(t *testing.T) {
	parameters, all := map[string]string{}, []string{}
	for i := range 23 {
		name := fmt.Sprintf("/many/%02d", i)
		parameters[name], all = "x", append(all, name)
	}
	client := ssmClient(t, parameters)
	for _, size := range []*int32{nil, aws.Int32(1), aws.Int32(10)} {
		pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{Path: aws.String("/many"), MaxResults: size})
		var got []string
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Parameters), 10)
			got = append(got, names(page.Parameters)...)
		}
		require.Equal(t, all, got)
	}
}

func TestGetParametersByPathErrors(t *testing.T) {
	client := ssmClient(t, ecommerce())
	for _, input := range []ssm.GetParametersByPathInput{
		{Path: aws.String("ecommerce")},
		{Path: aws.String("/"), MaxResults: aws.Int32(0)},
		{Path: aws.String("/"), MaxResults: aws.Int32(11)},
	} {
		_, err := client.GetParametersByPath(t.Context(), &input)
		requireAPIError(t, err, "ValidationException")
	}
	_, err := client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/"), NextToken: aws.String("?")})
	_, ok := errors.AsType[*types.InvalidNextToken](err)
	require.True(t, ok, err)
}

func TestVersions(t *testing.T) {
	client := ssmClient(t, ecommerce())
	for _, name := range []string{"/top:1", "arn:aws:ssm:eu-west-1:000000000000:parameter/top:1"} {
		output, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
		require.NoError(t, err)
		require.Equal(t, []string{"/top", "level", ":1"}, []string{*output.Parameter.Name, *output.Parameter.Value, *output.Parameter.Selector})
	}
	for _, name := range []string{"/top:2", "/top:label", "/top:", "/top:1:1"} {
		_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: &name})
		_, ok := errors.AsType[*types.ParameterVersionNotFound](err)
		require.True(t, ok, "%s: %v", name, err)
	}
	output, err := client.GetParameters(t.Context(), &ssm.GetParametersInput{Names: []string{"/top:1", "/top:2"}})
	require.NoError(t, err)
	require.Equal(t, []string{"/top"}, names(output.Parameters))
	require.Equal(t, []string{"/top:2"}, output.InvalidParameters)
}

func TestFilters(t *testing.T) {
	client := ssmClient(t, ecommerce())
	get := func(filters ...types.ParameterStringFilter) ([]string, error) {
		output, err := client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/"), ParameterFilters: filters})
		if err != nil {
			return nil, err
		}
		return names(output.Parameters), nil
	}
	filter := func(key, option string, values ...string) types.ParameterStringFilter {
		return types.ParameterStringFilter{Key: &key, Option: &option, Values: values}
	}
	for _, matching := range []types.ParameterStringFilter{
		{Key: aws.String("Type"), Values: []string{"String"}}, filter("Type", "Equals", "SecureString", "String"), filter("Type", "BeginsWith", "Str"),
	} {
		found, err := get(matching)
		require.NoError(t, err)
		require.Equal(t, []string{"/top"}, found)
		found, err = get(matching, filter("Label", "Equals", "live"))
		require.NoError(t, err)
		require.Empty(t, found)
	}
	for _, other := range []types.ParameterStringFilter{
		filter("Type", "Equals", "SecureString"), filter("Type", "BeginsWith", "Secure"), filter("KeyId", "Equals", "alias/aws/ssm"), filter("Label", "Equals", "live"),
	} {
		found, err := get(other)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	_, err := get(filter("Name", "Equals", "/top"))
	requireAPIError(t, err, "InvalidFilterKey")
	_, err = get(filter("Type", "Contains", "String"))
	requireAPIError(t, err, "InvalidFilterOption")
}
