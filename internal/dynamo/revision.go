package dynamo

import (
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// A revision is a change to an order's progress that is to be written.
type revision struct {
	before snapshot
	after  order.Progress
}

// expression assigns what is different, where neither status nor modifiedDate has changed since it was read.
func (r revision) expression() (*expression, error) {
	e := &expression{names: map[string]string{}, values: item{}}
	e.assign("status", text(string(r.after.Status)))
	e.assign("modifiedDate", text(string(r.after.ModifiedDate)))
	if r.cutsLines() || r.after.Total != r.before.progress.Total {
		e.assign("total", number(r.after.Total))
	}
	if r.cutsLines() {
		products, err := r.products()
		if err != nil {
			return nil, err
		}
		e.assign("products", products)
	}
	e.guard("modifiedDate", r.before.stored)
	e.guard("status", r.before.stored)
	return e, nil
}

func (r revision) cutsLines() bool { return !slices.Equal(r.after.Lines, r.before.progress.Lines) }

// products is the order's own records of the lines that are left, attributes that this version does not know
// included; only a quantity that changed is set.
func (r revision) products() (types.AttributeValue, error) {
	list, ok := r.before.stored["products"].(*types.AttributeValueMemberL)
	if !ok || len(list.Value) != len(r.after.Lines) {
		return nil, errors.New("the change has not one line for every product")
	}
	left := []types.AttributeValue{}
	for i, line := range r.after.Lines {
		product, ok := list.Value[i].(*types.AttributeValueMemberM)
		switch {
		case !ok:
			return nil, errors.New("a product is no map")
		case line.Quantity < 1:
			continue
		case line.Quantity != r.before.progress.Lines[i].Quantity:
			product = &types.AttributeValueMemberM{Value: maps.Clone(product.Value)}
			product.Value["quantity"] = number(line.Quantity)
		}
		left = append(left, product)
	}
	return &types.AttributeValueMemberL{Value: left}, nil
}

// isStoredAs tells whether a progress that was read is what this revision writes.
func (r revision) isStoredAs(stored order.Progress) bool {
	written := r.after
	if r.cutsLines() {
		written.Lines = slices.DeleteFunc(slices.Clone(written.Lines), func(l order.Line) bool { return l.Quantity < 1 })
	}
	return stored.Equal(written)
}

// An expression is the parts of an UpdateItem.
type expression struct {
	names       map[string]string
	values      item
	assignments []string
	guards      []string
}

func (e *expression) assign(name string, value types.AttributeValue) {
	e.names["#"+name] = name
	e.values[":"+name] = value
	e.assignments = append(e.assignments, "#"+name+" = :"+name)
}

// guard demands that the attribute is still as it was read.
func (e *expression) guard(name string, stored item) {
	e.names["#"+name] = name
	old, present := stored[name]
	if !present {
		e.guards = append(e.guards, "attribute_not_exists(#"+name+")")
		return
	}
	e.values[":old_"+name] = old
	e.guards = append(e.guards, "#"+name+" = :old_"+name)
}
