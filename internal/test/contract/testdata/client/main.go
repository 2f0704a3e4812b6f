// Command client uses the client that is generated from the document, and nothing else that knows
// the service: it creates an order, polls it with its ETag until it is fulfilled, and lists it.
//
// Usage: client URL TOKEN < ORDER
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2], os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, token string, order io.Reader) error {
	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	api, err := NewClientWithResponses(url, WithRequestEditorFn(authorize))
	if err != nil {
		return err
	}
	created, err := api.CreateOrderWithBodyWithResponse(ctx, "application/json", order)
	if err != nil {
		return err
	}
	if created.JSON201 == nil {
		return fmt.Errorf("create: %s: %s", created.Status(), created.Body)
	}
	fulfilled, err := poll(ctx, api, created.JSON201.OrderId)
	if err != nil {
		return err
	}
	status := ListOrdersParamsStatus("FULFILLED")
	list, err := api.ListOrdersWithResponse(ctx, &ListOrdersParams{Status: &status})
	if err != nil {
		return err
	}
	if list.JSON200 == nil || len(list.JSON200.Orders) != 1 || list.JSON200.Orders[0].OrderId != fulfilled.OrderId {
		return fmt.Errorf("list: %s: %s", list.Status(), list.Body)
	}
	fmt.Println(fulfilled.OrderId, fulfilled.Status, len(*fulfilled.History), "statuses")
	return nil
}

// poll gets an order until it is fulfilled, and once more, when the response has no body.
func poll(ctx context.Context, api *ClientWithResponses, orderID string) (order *Order, err error) {
	params := &GetOrderParams{}
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		got, err := api.GetOrderWithResponse(ctx, orderID, params)
		switch {
		case err != nil:
			return nil, err
		case got.StatusCode() == http.StatusNotModified && order.Status == "FULFILLED":
			return order, nil
		case got.StatusCode() == http.StatusNotModified:
			continue
		case got.JSON200 == nil:
			return nil, fmt.Errorf("get: %s: %s", got.Status(), got.Body)
		}
		tag := got.HTTPResponse.Header.Get("ETag")
		order, params.IfNoneMatch = got.JSON200, &tag
	}
	return nil, errors.New("the order was not fulfilled in time")
}
