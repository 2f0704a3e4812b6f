package simulation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// published checks the events of an order: the bus accepted every change, and the first event of
// each in their order. Only what the bus never accepts may be a dead letter.
func (o *oracle) published(orderID string, changes []change) {
	latest, by := -1, ""
	for _, c := range changes {
		name := fmt.Sprintf("record %d (%s)", c.number, o.short(orderID))
		if o.stream.isDeadLetter(c.number) {
			o.find(!c.poisoned(), "%s: is a dead letter", name)
			continue
		}
		first := slices.IndexFunc(o.bus.accepted, func(e event) bool { return e.Source == ordersSource && c.isPublishedBy(e) })
		if first < 0 {
			o.find(true, "%s: never published", name)
			continue
		}
		o.find(first < latest, "%s: published before %s", name, by)
		latest, by = first, name
	}
}

// onlyChangesArePublished checks that a change of the table explains every event of this service.
func (o *oracle) onlyChangesArePublished() {
	for _, e := range o.bus.accepted {
		if e.Source != ordersSource {
			continue
		}
		explained := len(e.Resources) == 1 &&
			slices.ContainsFunc(o.orders[e.Resources[0]], func(c change) bool { return c.isPublishedBy(e) })
		o.find(!explained, "%s: no change explains it", e.ID)
	}
}

// poisoned reports whether the bus accepts no event about the change.
func (c change) poisoned() bool { return c.before["poison"] != nil || c.after["poison"] != nil }

// isPublishedBy reports whether an event of this service is exactly this change.
func (c change) isPublishedBy(e event) bool {
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

// changed returns the names of the attributes that differ, sorted. Nothing ever removes one.
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

// deadLetters checks which updates became dead letters: those for an unknown order, those that
// cannot be read, and no others.
func (o *oracle) deadLetters() {
	dead := map[string]bool{}
	for _, d := range o.queue.dead {
		_, readable := readUpdate(d.event)
		dead[d.event.ID] = true
		o.find(readable && !d.missing, "%s (%s): is a dead letter", d.event.ID, d.event.Type)
	}
	for _, e := range o.bus.accepted {
		_, readable := readUpdate(e)
		mustFail := e.Source != ordersSource && (!readable || slices.Contains(e.Resources, o.unknownOrder))
		o.find(mustFail && !dead[e.ID], "%s (%s): lost", e.ID, e.Type)
	}
}
