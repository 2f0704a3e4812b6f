package simulation

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"orders/internal/dynamo"
	"orders/internal/eventbus"
)

// clients returns clients of the SDK whose attempts end in h instead of on the network.
func (h *history) clients() (*dynamodb.Client, *eventbridge.Client) {
	cfg := aws.Config{Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}, APIOptions: []func(*middleware.Stack) error{h.intercept}}
	// The store's backoffs must end within a quantum; see the package's comment.
	timing := dynamo.Timing{FirstDelay: quantum * 4 / 5, MaxDelay: quantum * 4 / 5}
	return dynamo.NewClient(cfg, "http://table.test", timing), eventbus.NewClient(cfg, "http://bus.test")
}

type inputKey struct{}

// intercept replaces the attempts inside the SDK's retries.
func (h *history) intercept(stack *middleware.Stack) error {
	remember := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
	}
	attempt := func(ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler) (out middleware.FinalizeOutput, _ middleware.Metadata, err error) {
		out.Result, err = h.attempt(ctx, middleware.GetStackValue(ctx, inputKey{}))
		return out, middleware.Metadata{}, err
	}
	return errors.Join(
		stack.Initialize.Add(middleware.InitializeMiddlewareFunc("RememberInput", remember), middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Simulate", attempt), "Retry", middleware.After),
	)
}

// attempt sends one request.
func (h *history) attempt(ctx context.Context, input any) (output any, err error) {
	input = through(h.seams.Input, input)
	p := processOf(ctx)
	at, name := h.describe(input)
	if label, ok := ctx.Value(labelKey{}).(string); ok {
		name += label
	}
	f := h.scheduler.cross(&call{at: at, name: p.name + " " + name, ctx: ctx, by: p, crash: p.crash, do: func(f fate) (result string) {
		output, result, err = h.carryOut(p, input, f)
		return result
	}})
	switch f {
	case passes, partial, conflict, restart:
		return output, answered(err)
	}
	return nil, through(h.seams.Failure, f.failure(ctx))
}

// describe returns where a request goes, and its name, which is unique in its process.
func (h *history) describe(input any) (at boundary, name string) {
	switch in := input.(type) {
	case *dynamodb.PutItemInput:
		return tableWrite, "put " + h.short(textOf(in.Item, "orderId"))
	case *dynamodb.UpdateItemInput:
		return update, "update " + h.short(textOf(in.Key, "orderId"))
	case *dynamodb.GetItemInput:
		return tableRead, "get " + h.short(textOf(in.Key, "orderId"))
	case *dynamodb.QueryInput:
		return tableRead, "query"
	case *eventbridge.PutEventsInput:
		return putEvents, "put " + h.entryNames(in.Entries)
	}
	panic(fmt.Sprintf("the simulation does not know %T", input))
}

// carryOut does what a request asks for.
func (h *history) carryOut(p *process, input any, f fate) (output any, result string, err error) {
	switch in := input.(type) {
	case *dynamodb.PutItemInput:
		output, err = h.table.put(p, in)
		return output, h.written(err), err
	case *dynamodb.UpdateItemInput:
		if orderID := textOf(in.Key, "orderId"); f == conflict {
			h.table.touch(orderID, "note", text("by another writer"), p.now())
		}
		output, err = h.table.update(p, in)
		return output, h.written(err), err
	case *dynamodb.GetItemInput:
		return h.table.get(in), "", nil
	case *dynamodb.QueryInput:
		return h.table.query(in), "", nil
	}
	if f == restart {
		h.stream.stop()
	}
	return h.bus.put(input.(*eventbridge.PutEventsInput), f)
}

// written describes what a write to the table did.
func (h *history) written(err error) string {
	if err != nil {
		return "condition failed"
	}
	last := h.table.records[len(h.table.records)-1]
	return last.name + " " + textOf(last.new, "status") + " " + textOf(last.new, "modifiedDate")
}

// failure returns the error of an attempt with this fate.
func (f fate) failure(ctx context.Context) error {
	switch f {
	case throttled:
		return status(http.StatusBadRequest, "ThrottlingException")
	case forbidden:
		return status(http.StatusBadRequest, "AccessDeniedException")
	case internalError:
		return status(http.StatusInternalServerError, "InternalServerError")
	}
	if ctx.Err() != nil {
		return &aws.RequestCanceledError{Err: ctx.Err()}
	}
	return &smithyhttp.RequestSendError{Err: errors.New("no response")}
}

func status(code int, name string) error {
	return withStatus(code, &smithy.GenericAPIError{Code: name, Message: name})
}

// answered returns the error of a response.
func answered(err error) error {
	if err == nil {
		return nil
	}
	return withStatus(http.StatusBadRequest, err)
}

func withStatus(code int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: err}
}
