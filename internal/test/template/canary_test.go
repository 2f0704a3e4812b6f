package template_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// branches are the values that a property may have: both of an Fn::If, or the one there is.
func branches(value any) []any {
	if choice, ok := at(value, "Fn::If").([]any); ok {
		return choice[1:]
	}
	return []any{value}
}

// Every function's canary is judged by the new version's own share. A version that answers 503 to everything fails there
// in nothing, so those that answer callers are judged by what callers get as well.
func TestDeploymentsRollBackOnAlarms(t *testing.T) {
	tpl := load(t)
	answers := map[string][]string{
		"CreateOrderFunction": {"${CreateOrderUnavailableAlarm}", "${API5XXAlarm}"},
		"GetOrderFunction":    {"${API5XXAlarm}"},
	}
	for function := range functions {
		preference := tpl.properties(t, function, "AWS::Serverless::Function")["DeploymentPreference"]
		require.Equal(t, map[string]any{"Fn::If": []any{"IsCanary", "Canary10Percent10Minutes", "AllAtOnce"}}, at(preference, "Type"))
		choices := branches(at(preference, "Alarms"))
		own := texts(choices[len(choices)-1])
		require.Contains(t, own, "${"+strings.TrimSuffix(function, "Function")+"CanaryErrorsAlarm}")
		for _, alarm := range own {
			for _, metric := range metricsOf(t, tpl, strings.Trim(alarm, "${}")) {
				require.Contains(t, metric, " FunctionName=${"+function+"} Resource=${"+function+"}:live ExecutedVersion=${"+function+".Version.Version}")
			}
		}
		require.ElementsMatch(t, append(own, answers[function]...), texts(choices[0]))
		if answers[function] != nil {
			require.Equal(t, "IsCanary", at(preference, "Alarms", "Fn::If").([]any)[0], "or else what raised an alarm could not be mended")
		}
	}
}

// What fails there is tried again, and one event about an order that does not exist is no reason to roll back.
func TestASingleStrayEventRollsNothingBack(t *testing.T) {
	tpl := load(t)
	for _, name := range []string{"OnEventsCanaryErrorsAlarm", "TableUpdateCanaryErrorsAlarm"} {
		alarm := tpl.properties(t, name, "AWS::CloudWatch::Alarm")
		require.Equal(t, 60, alarm["Period"], name)
		require.Equal(t, 2, alarm["DatapointsToAlarm"], name)
		require.Equal(t, 5, alarm["EvaluationPeriods"], name)
	}
}

func TestCanariesCanBeSwitchedOff(t *testing.T) {
	conditions := load(t)["Conditions"]
	require.Equal(t, map[string]any{"Fn::And": []any{
		map[string]any{"Condition": "IsLasting"},
		map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "Canary"}, "on"}},
	}}, at(conditions, "IsCanary"))
}
