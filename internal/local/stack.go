package local

import (
	"encoding/json"

	"orders/internal/local/apigateway"
	"orders/internal/local/lambda"
)

// The queues of the template, as they are called on this machine.
const (
	updatesQueue           = "local-fulfilment-updates"
	updatesDeadLetters     = "local-fulfilment-dead-letters"
	tableUpdateDeadLetters = "local-table-update-dead-letters"
)

// stack returns the parameter of the operators' command, ops.Stack. There are no alarms.
func stack(baseURL string, f functions, streamARN string) string {
	type function struct {
		Name     string `json:"name"`
		Alias    string `json:"alias"`
		LogGroup string `json:"logGroup"`
	}
	all := map[string]function{}
	for name := range f.byName() {
		all[name] = function{name, "live", "/ecommerce/" + apigateway.Stage + "/orders/" + name}
	}
	queues := map[string]string{}
	for name, queue := range map[string]string{
		"updates": updatesQueue, "updates-dead-letters": updatesDeadLetters, "records-dead-letters": tableUpdateDeadLetters,
	} {
		queues[name] = baseURL + "/" + lambda.Account + "/" + queue
	}
	value, err := json.Marshal(map[string]any{
		"functions": all, "queues": queues, "table": tableName, "stream": streamARN, "eventBus": eventBusName,
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(value)
}
