// Package ops implements what operators do with a deployed orders service: look at its state,
// handle its dead letters, publish orders again and roll back. cmd/ops is its command line.
package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// A Stack names the parts of a deployment. It is the JSON value of the SSM parameter
// /ecommerce/{Environment}/orders/ops:
//
//	{
//	  "functions": {
//	    "create-order": {"name": "...", "alias": "live", "logGroup": "/ecommerce/dev/orders/create-order"},
//	    "get-order":    {...},
//	    "on-events":    {...},
//	    "table-update": {...}
//	  },
//	  "queues": {
//	    "updates":             "https://sqs...",
//	    "updates-dead-letters": "https://sqs...",
//	    "records-dead-letters": "https://sqs..."
//	  },
//	  "table": "...", "stream": "arn:...", "eventBus": "...", "alarmPrefix": "ecommerce-dev-orders-"
//	}
type Stack struct {
	Functions map[string]Function `json:"functions"` // by the name of their binary
	Queues    Queues              `json:"queues"`
	Table     string              `json:"table"`       // the name of the orders table
	Stream    string              `json:"stream"`      // the ARN of its stream; empty for a local table in memory
	EventBus  string              `json:"eventBus"`    // the name of the bus
	Alarms    string              `json:"alarmPrefix"` // begins the names of the alarms; empty without CloudWatch, as locally
}

// A Function is a deployed function.
type Function struct {
	Name     string `json:"name"`
	Alias    string `json:"alias"`    // the alias that callers invoke
	LogGroup string `json:"logGroup"` // the name of its log group
}

// Queues are the URLs of the queues.
type Queues struct {
	Updates           string `json:"updates"`              // fulfilment updates, on their way to on-events
	UpdateDeadLetters string `json:"updates-dead-letters"` // updates that on-events failed to apply or EventBridge to deliver
	RecordDeadLetters string `json:"records-dead-letters"` // pointers to stream records that table-update failed to publish
}

// SSM is the part of AWS's client that ReadStack uses.
type SSM interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// ReadStack returns the stack of an environment.
func ReadStack(ctx context.Context, client SSM, environment string) (Stack, error) {
	name := "/ecommerce/" + environment + "/orders/ops"
	output, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	if err != nil {
		return Stack{}, fmt.Errorf("read parameter %s: %w", name, err)
	}
	var stack Stack
	if err := json.Unmarshal([]byte(aws.ToString(output.Parameter.Value)), &stack); err != nil {
		return Stack{}, fmt.Errorf("read parameter %s: %w", name, err)
	}
	if len(stack.Functions) == 0 || slices.Contains([]string{stack.Queues.Updates, stack.Queues.UpdateDeadLetters, stack.Table, stack.EventBus}, "") {
		return Stack{}, fmt.Errorf("read parameter %s: %w", name, errIncomplete)
	}
	return stack, nil
}

var errIncomplete = errors.New("it must name functions, queues, table and eventBus")

// An Operator operates one stack. Set its fields before use. It is safe for concurrent use.
type Operator struct {
	Stack
	Clients
	Now func() time.Time // nil means time.Now
}

func (o *Operator) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}
