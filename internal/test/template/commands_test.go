package template_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// neighbours is where the template's parameters find the neighbours in SSM, behind /ecommerce/{Environment}/.
var neighbours = map[string]string{
	"ProductsApiUrl":        "products/api/url",
	"ProductsApiArn":        "products/api/arn",
	"DeliveryPricingApiUrl": "delivery-pricing/api/url",
	"DeliveryPricingApiArn": "delivery-pricing/api/arn",
	"PaymentApiUrl":         "payment/api/url",
	"PaymentApiArn":         "payment/api/arn",
	"UserPoolArn":           "users/user-pool/arn",
	"EventBusName":          "platform/event-bus/name",
	"EventBusArn":           "platform/event-bus/arn",
}

// configurations is the settings of samconfig.toml, by environment and name. It reads only as much of TOML as stands
// there: a value is in quotes, or in triple quotes over several lines that end in backslashes, or bare.
func configurations(t *testing.T) map[string]map[string]string {
	t.Helper()
	content := string(read(t, "samconfig.toml"))
	all := map[string]map[string]string{}
	headings := regexp.MustCompile(`(?m)^\[(.*)\.deploy\.parameters\]$`)
	places := headings.FindAllStringSubmatchIndex(content, -1)
	for i, place := range places {
		end := len(content)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		settings := map[string]string{}
		for _, setting := range regexp.MustCompile(`(?m)^(\w+) = (?:"""((?s:.*?))"""|"(.*)"|(\w+))$`).FindAllStringSubmatch(content[place[1]:end], -1) {
			folded := strings.Join(strings.Fields(strings.ReplaceAll(setting[2], "\\\n", " ")), " ")
			settings[setting[1]] = folded + setting[3] + setting[4]
		}
		all[content[place[2]:place[3]]] = settings
	}
	return all
}

func TestEveryEnvironmentFindsItsOwnNeighbours(t *testing.T) {
	parameters := load(t)["Parameters"].(map[string]any)
	all := configurations(t)
	require.Len(t, all, 4)
	require.Equal(t, all["dev"], all["default"], "sam deploy without --config-env deploys dev")
	for _, environment := range []string{"dev", "staging", "prod"} {
		settings := all[environment]
		require.Equal(t, "ecommerce-"+environment+"-orders", settings["stack_name"])
		require.Contains(t, settings["capabilities"], "CAPABILITY_IAM")
		given := map[string]string{}
		for _, pair := range strings.Fields(settings["parameter_overrides"]) {
			name, value, _ := strings.Cut(pair, "=")
			require.Contains(t, parameters, name)
			given[name] = value
		}
		require.Equal(t, environment, given["Environment"])
		for name, path := range neighbours {
			require.Equal(t, "/ecommerce/"+environment+"/"+path, given[name])
		}
		for name, parameter := range parameters {
			if at(parameter, "Default") == nil {
				require.Contains(t, given, name, environment)
			}
		}
	}
}

func TestNeighboursAreReadFromSSM(t *testing.T) {
	for name, parameter := range load(t)["Parameters"].(map[string]any) {
		_, neighbour := neighbours[name]
		require.Equal(t, neighbour, at(parameter, "Type") == "AWS::SSM::Parameter::Value<String>", name)
		require.NotEmpty(t, at(parameter, "Description"), name)
		if neighbour {
			require.Contains(t, at(parameter, "Description"), "/ecommerce/{Environment}/"+neighbours[name]+".")
			require.Nil(t, at(parameter, "Default"), name)
		}
	}
}

// That the flags are those that the functions are tested with is a test of internal/test/e2e.
func TestMakefileBuildsEveryFunction(t *testing.T) {
	makefile := string(read(t, "Makefile"))
	for name, command := range functions {
		require.Contains(t, makefile, "\nbuild-"+name+":\n\t$(call build-function,"+command+")\n")
		require.Contains(t, makefile, "build-"+name+" ARTIFACTS_DIR=$(BUILD)/"+command+"\n")
	}
	require.Contains(t, makefile, `CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o "$(ARTIFACTS_DIR)/bootstrap"`)
}
