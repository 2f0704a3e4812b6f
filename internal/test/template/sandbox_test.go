package template_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/local/fakepeers"
)

const sandbox = "resources/sandbox.yaml"

// The orders stack reads what the sandbox defines, in the formats in which it defines its own.
func TestSandboxDefinesWhatTheOrdersStackReads(t *testing.T) {
	defined := map[string]string{}
	tpl := loadFile(t, sandbox)
	for _, name := range tpl.ofType("AWS::SSM::Parameter") {
		parameter := tpl.properties(t, name, "AWS::SSM::Parameter")
		path, ok := strings.CutPrefix(text(parameter["Name"]), "/ecommerce/${Environment}/")
		require.True(t, ok, name)
		defined[path] = text(parameter["Value"])
	}
	for _, path := range peerParameters {
		require.Contains(t, defined, path)
		peer, isURL := strings.CutSuffix(path, "/api/url")
		if !isURL {
			continue
		}
		stage, _, _ := strings.Cut(strings.TrimPrefix(defined[path], strings.TrimSuffix(apiURL, "live")), "}")
		stage = strings.TrimPrefix(stage, "${")
		require.Equal(t, peer, tpl.properties(t, stage, "AWS::ApiGateway::Stage")["StageName"])
		require.Equal(t, strings.Replace(apiURL, "live", "${"+stage+"}", 1), defined[path])
		require.Equal(t, strings.Replace(apiARN, "live", "${"+stage+"}", 1), defined[peer+"/api/arn"])
	}
	require.Equal(t, "${EventBus}", defined["platform/event-bus/name"])
	require.Equal(t, "${EventBus.Arn}", defined["platform/event-bus/arn"])
	require.Equal(t, "${UserPool.Arn}", defined["users/user-pool/arn"])
	require.Contains(t, defined, "payment-3p/api/url", "acceptance tests get tokens there")
	require.Len(t, defined, len(peerParameters)+1)
}

func TestSandboxIsTransformed(t *testing.T) {
	tpl := transformed(t, sandbox)
	requireReferencesResolve(t, tpl)
	requireNoCycle(t, tpl)
	require.Len(t, tpl.ofType("AWS::Events::Rule"), 2)
	for _, rule := range tpl.ofType("AWS::Events::Rule") {
		require.Equal(t, "${EventBus}", text(tpl.properties(t, rule, "AWS::Events::Rule")["EventBusName"]))
	}
	for name, resource := range tpl["Resources"].(map[string]any) {
		require.NotEqual(t, "Retain", at(resource, "DeletionPolicy"), name)
	}
}

func TestSandboxNeedsASignatureForEveryPeer(t *testing.T) {
	paths := at(loadFile(t, sandbox).properties(t, "Api", "AWS::ApiGateway::RestApi"), "Body", "paths")
	require.Len(t, paths, 2)
	peers := at(paths, "/{proxy+}", "x-amazon-apigateway-any-method")
	require.Equal(t, []any{map[string]any{"IAM": []any{}}}, at(peers, "security"))
	require.NotNil(t, at(paths, "/preauth", "post"))
}

func TestSandboxProductsAreTheCatalogue(t *testing.T) {
	want, err := json.Marshal(map[string]any{"products": fakepeers.NewCatalogue()})
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(read(t, "resources/sandbox-products.json")))
}

// deploySandbox runs .ci/sandbox with fakes of aws and sam, and returns its output and the calls of
// sam. The fake account has these SSM parameters, and the sandbox's stack only if deployed.
func deploySandbox(t *testing.T, environment, parameters string, deployed bool) (output string, calls []string, err error) {
	t.Helper()
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	for name, script := range map[string]string{
		"sam": `echo "$*" >>"$CALLS"`,
		"aws": `case "$1 $2" in
			"sts get-caller-identity") ;;
			"cloudformation describe-stacks") [ "$DEPLOYED" = true ] ;;
			"ssm get-parameters") echo "$PARAMETERS" ;;
			*) exit 1 ;; esac`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	command := exec.CommandContext(t.Context(), "../../../.ci/sandbox", environment)
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+log, "PARAMETERS="+parameters, "DEPLOYED=")
	if deployed {
		command.Env = append(command.Env, "DEPLOYED=true")
	}
	text, err := command.CombinedOutput()
	written, _ := os.ReadFile(log)
	return string(text), strings.Split(strings.TrimSpace(string(written)), "\n"), err
}

func TestSandboxIsNotDeployedOverAPlatform(t *testing.T) {
	for environment, c := range map[string]struct{ parameters, want string }{
		"prod":                  {"", "the fakes are not for prod"},
		"staging":               {"", "the fakes are not for staging"},
		"Sandbox":               {"", "must be lower-case letters"},
		"a23456789012345678901": {"", "must have at most 20 characters"},
		"dev":                   {"/ecommerce/dev/products/api/url", "the environment dev has a platform, not deployed by make sandbox: /ecommerce/dev/products/api/url"},
	} {
		output, calls, err := deploySandbox(t, environment, c.parameters, false)
		require.Error(t, err, environment)
		require.Contains(t, output, c.want)
		require.Equal(t, []string{""}, calls)
	}
}

func TestSandboxIsDeployedBeforeTheOrdersStack(t *testing.T) {
	for name, deployed := range map[string]bool{"first": false, "again": true} {
		t.Run(name, func(t *testing.T) {
			parameters := map[bool]string{true: "/ecommerce/trial/products/api/url"}[deployed]
			output, calls, err := deploySandbox(t, "trial", parameters, deployed)
			require.NoError(t, err, output)
			require.Len(t, calls, 4)
			require.Equal(t, "build --template resources/sandbox.yaml --build-dir .aws-sam/sandbox", calls[0])
			require.Contains(t, calls[1], "--stack-name ecommerce-trial-sandbox ")
			require.Equal(t, "build", calls[2])
			require.Contains(t, calls[3], "--stack-name ecommerce-trial-orders ")
			for name, path := range peerParameters {
				require.Contains(t, calls[3], name+"=/ecommerce/trial/"+path)
			}
		})
	}
}
