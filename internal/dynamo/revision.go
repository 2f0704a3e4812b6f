package dynamo

import (
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orders/internal/order"
)

// A revision is a change to an order's progress that must be written.
type revision struct {
	before snapshot
	after  order.Progress
}

// expression returns the assignments of what differs, guarded by status and modifiedDate as they
// were read.
func (r revision) expression() (*expression, error) {
	e := &expression{names: map[string]string{}, values: item{}}
	e.assign("status", text(string(r.after.Status)))
	e.assign("modifiedDate", text(string(r.after.ModifiedDate)))
	if r.reducesLines() || r.after.Total != r.before.progress.Total {
		e.assign("total", number(r.after.Total))
	}
	if r.reducesLines() {
		products, err := r.products()
		if err != nil {
			return nil, err
		}
		e.assign("products", products)
	}
	if added := r.after.History[len(r.before.progress.History):]; len(added) > 0 {
		var stored []types.AttributeValue
		if list, ok := r.before.stored["history"].(*types.AttributeValueMemberL); ok {
			stored = list.Value
		}
		e.assign("history", &types.AttributeValueMemberL{Value: slices.Concat(stored, historyValues(added))})
	}
	e.guard("modifiedDate", r.before.stored)
	e.guard("status", r.before.stored)
	return e, nil
}

func (r revision) reducesLines() bool { return !slices.Equal(r.after.Lines, r.before.progress.Lines) }

// products returns the order's own records of the lines that remain, with the attributes that this
// version does not know. It sets only the quantities that changed.
func (r revision) products() (types.AttributeValue, error) {
	list, ok := r.before.stored["products"].(*types.AttributeValueMemberL)
	if !ok || len(list.Value) != len(r.after.Lines) {
		return nil, errors.New("the change must have one line for every product")
	}
	kept := []types.AttributeValue{}
	for i, line := range r.after.Lines {
		product, ok := list.Value[i].(*types.AttributeValueMemberM)
		switch {
		case !ok:
			return nil, errors.New("a product is not a map")
		case line.Quantity < 1:
			continue
		case line.Quantity != r.before.progress.Lines[i].Quantity:
			product = &types.AttributeValueMemberM{Value: maps.Clone(product.Value)}
			product.Value["quantity"] = number(line.Quantity)
		}
		kept = append(kept, product)
	}
	return &types.AttributeValueMemberL{Value: kept}, nil
}

// isStoredAs reports whether a progress that was read is what this revision writes.
func (r revision) isStoredAs(stored order.Progress) bool {
	written := r.after
	if r.reducesLines() {
		written.Lines = slices.DeleteFunc(slices.Clone(written.Lines), func(l order.Line) bool { return l.Quantity < 1 })
	}
	return stored.Equal(written)
}

// An expression holds the parts of an UpdateItem request.
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

// guard adds the condition that the attribute still is as it was read.
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
