// Command create-order is the floor of the function of that name: three signed calls at once, then
// one write.
package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-xray-sdk-go/v2/xray"

	"orders/internal/floor"
)

type event struct {
	UserID string
	Order  struct {
		Products      []product
		Address       map[string]string
		DeliveryPrice int
		PaymentToken  string
	}
}

type product struct {
	ProductID string         `json:"productId"`
	Name      string         `json:"name"`
	Package   map[string]int `json:"package"`
	Price     int            `json:"price"`
	Quantity  int            `json:"quantity"`
}

func main() {
	table := dynamodb.NewFromConfig(floor.Config(), func(o *dynamodb.Options) { o.BaseEndpoint = floor.Endpoint("DYNAMODB") })
	lambda.Start(func(ctx context.Context, e event) (map[string]bool, error) {
		if err := check(ctx, e); err != nil {
			return nil, err
		}
		err := xray.Capture(ctx, "store", func(ctx context.Context) error {
			name := os.Getenv("TABLE_NAME")
			_, err := table.PutItem(ctx, &dynamodb.PutItemInput{TableName: &name, Item: item(e)})
			return err
		})
		return map[string]bool{"success": true}, err
	})
}

func check(ctx context.Context, e event) error {
	var checks sync.WaitGroup
	var errs [3]error
	checks.Go(func() {
		in := map[string]any{"products": e.Order.Products, "address": e.Order.Address}
		errs[0] = floor.Post(ctx, os.Getenv("DELIVERY_API_URL")+"/backend/pricing", in)
	})
	checks.Go(func() {
		in := map[string]any{"paymentToken": e.Order.PaymentToken, "total": e.Order.DeliveryPrice}
		errs[1] = floor.Post(ctx, os.Getenv("PAYMENT_API_URL")+"/backend/validate", in)
	})
	checks.Go(func() {
		in := map[string]any{"products": e.Order.Products}
		errs[2] = floor.Post(ctx, os.Getenv("PRODUCTS_API_URL")+"/backend/validate", in)
	})
	checks.Wait()
	return errors.Join(errs[:]...)
}

func item(e event) map[string]types.AttributeValue {
	address, products := map[string]types.AttributeValue{}, []types.AttributeValue{}
	for name, value := range e.Order.Address {
		address[name] = text(value)
	}
	for _, p := range e.Order.Products {
		sizes := map[string]types.AttributeValue{}
		for name, value := range p.Package {
			sizes[name] = number(value)
		}
		products = append(products, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{
			"productId": text(p.ProductID), "name": text(p.Name), "price": number(p.Price), "quantity": number(p.Quantity),
			"package": &types.AttributeValueMemberM{Value: sizes},
		}})
	}
	return map[string]types.AttributeValue{
		"orderId": text(e.Order.PaymentToken), "userId": text(e.UserID), "paymentToken": text(e.Order.PaymentToken),
		"deliveryPrice": number(e.Order.DeliveryPrice), "address": &types.AttributeValueMemberM{Value: address},
		"products": &types.AttributeValueMemberL{Value: products},
	}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}
