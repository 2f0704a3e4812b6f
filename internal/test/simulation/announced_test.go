package simulation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// announced judges the events of an order: every change is accepted by the bus, and in its order when first it was.
// Only what the bus never takes may have been given up.
func (o *oracle) announced(orderID string, changes []change) {
	latest, by := -1, ""
	for _, c := range changes {
		name := fmt.Sprintf("record %d (%s)", c.number, o.short(orderID))
		if o.stream.given(c.number) {
			o.find(!c.poisoned(), "%s: given up", name)
			continue
		}
		first := slices.IndexFunc(o.bus.accepted, func(e event) bool { return e.Source == ordersSource && c.isAnnouncedBy(e) })
		if first < 0 {
			o.find(true, "%s: never announced", name)
			continue
		}
		o.find(first < latest, "%s: announced before %s", name, by)
		latest, by = first, name
	}
}

// nothingMadeUp looks for events of this service that no change of the table explains.
func (o *oracle) nothingMadeUp() {
	for _, e := range o.bus.accepted {
		if e.Source != ordersSource {
			continue
		}
		explained := len(e.Resources) == 1 &&
			slices.ContainsFunc(o.orders[e.Resources[0]], func(c change) bool { return c.isAnnouncedBy(e) })
		o.find(!explained, "%s: announces what never was", e.ID)
	}
}

// poisoned tells whether the bus takes no event about the change.
func (c change) poisoned() bool { return c.before["poison"] != nil || c.after["poison"] != nil }

// isAnnouncedBy tells whether an event of this service says exactly what the change was.
func (c change) isAnnouncedBy(e event) bool {
	if e.Resources[0] != c.orderID || !strings.Contains(string(e.Detail), textOf(c.new, "modifiedDate")) {
		return false
	}
	switch c.name + " " + e.Type {
	case "INSERT OrderCreated":
		return reflect.DeepEqual(plainJSON(e.Detail), c.after)
	case "MODIFY OrderModified":
		var detail struct {
			Old, New json.RawMessage
			Changed  []string
		}
		decode(e.Detail, &detail)
		return reflect.DeepEqual(plainJSON(detail.Old), c.before) && reflect.DeepEqual(plainJSON(detail.New), c.after) &&
			slices.Equal(detail.Changed, c.changed())
	}
	return false
}

// changed is the names of the attributes that are different, sorted. Nothing ever takes one away.
func (c change) changed() []string {
	var names []string
	for name, value := range c.after {
		if !reflect.DeepEqual(value, c.before[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// deadLetters judges which events were given up: those about no order, or that say nothing that can be understood, and
// no others.
func (o *oracle) deadLetters() {
	dead := map[string]bool{}
	for _, d := range o.bus.dead {
		_, understood := reportOf(d.event)
		dead[d.event.ID] = true
		o.find(understood && !d.missing, "%s (%s): given up", d.event.ID, d.event.Type)
	}
	for _, e := range o.bus.accepted {
		_, understood := reportOf(e)
		hopeless := e.Source != ordersSource && (!understood || slices.Contains(e.Resources, o.nobodys))
		o.find(hopeless && !dead[e.ID], "%s (%s): lost without a trace", e.ID, e.Type)
	}
}
