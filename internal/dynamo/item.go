package dynamo

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// An item is an order, or a part of one, as the table holds it.
type item = map[string]types.AttributeValue

// newItem returns the item of a new order, whose attributes are the fields of the order's JSON.
func newItem(o order.Order) item {
	products := make([]types.AttributeValue, len(o.Products))
	for i, p := range o.Products {
		products[i] = productValue(p)
	}
	stored := item{
		"orderId":       text(o.OrderID),
		"userId":        text(o.UserID),
		"status":        text(string(o.Status)),
		"createdDate":   text(string(o.CreatedDate)),
		"modifiedDate":  text(string(o.ModifiedDate)),
		"products":      &types.AttributeValueMemberL{Value: products},
		"address":       addressValue(o.Address),
		"deliveryPrice": number(o.DeliveryPrice),
		"paymentToken":  text(string(o.PaymentToken)),
		"total":         number(o.Total),
	}
	if o.History != nil {
		stored["history"] = &types.AttributeValueMemberL{Value: historyValues(o.History)}
	}
	return stored
}

func historyValues(history order.History) []types.AttributeValue {
	values := make([]types.AttributeValue, len(history))
	for i, entry := range history {
		values[i] = &types.AttributeValueMemberM{Value: item{"status": text(string(entry.Status)), "date": text(string(entry.Date))}}
	}
	return values
}

func productValue(p order.Product) types.AttributeValue {
	return &types.AttributeValueMemberM{Value: item{
		"productId": text(p.ProductID),
		"name":      text(p.Name),
		"package": &types.AttributeValueMemberM{Value: item{
			"width":  number(p.Package.Width),
			"length": number(p.Package.Length),
			"height": number(p.Package.Height),
			"weight": number(p.Package.Weight),
		}},
		"price":    number(p.Price),
		"quantity": number(p.Quantity),
	}}
}

// addressValue leaves out the optional fields that are absent.
func addressValue(a order.Address) types.AttributeValue {
	value := item{
		"name":          text(a.Name),
		"streetAddress": text(a.StreetAddress),
		"city":          text(a.City),
		"country":       text(a.Country),
		"phoneNumber":   text(a.PhoneNumber),
	}
	for name, optional := range map[string]*string{"companyName": a.CompanyName, "postCode": a.PostCode, "state": a.State} {
		if optional != nil {
			value[name] = text(*optional)
		}
	}
	return &types.AttributeValueMemberM{Value: value}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
