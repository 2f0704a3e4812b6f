package hostile

import (
	"fmt"
	"strconv"
	"strings"
)

// A mutation is one fault of an order, and the expected response.
type mutation struct {
	what    string
	changed edits
	want    Expectation
}

// fromSchema returns every fault that a single place of an order can have.
func fromSchema(good *place) []Request {
	var all []Request
	for _, p := range good.all() {
		for _, list := range [][]mutation{wrongTypes(p), wrongIntegers(p), wrongTexts(p), wrongLists(p), misnamed(good, p), repeated(p), unknown(good, p)} {
			for _, m := range list {
				all = append(all, create(fmt.Sprintf("schema: %s %s", orWhole(p.pointer), m.what), m.want).with(good.text(m.changed)))
			}
		}
	}
	return all
}

func orWhole(pointer string) string {
	if pointer == "" {
		return "the order"
	}
	return pointer
}

func (p *place) fault(text string) string { return p.pointer + ": " + text }

func wrongTypes(p *place) []mutation {
	var all []mutation
	for _, v := range []struct{ kind, text string }{
		{"null", "null"}, {"boolean", "true"}, {"integer", "7"}, {"string", `"` + marker + `"`}, {"string", `"2"`}, {"object", "{}"},
		{"array", "[]"},
	} {
		if !p.is(v.kind) {
			words := map[string]string{"object": "must be an object", "array": "must be an array", "integer": "must be an integer", "string": "must be a string"}
			all = append(all, mutation{"is " + v.text, edits{p: setTo(v.text)}, invalid(p.fault(words[p.schema.Type.Slice()[0]]))})
		}
	}
	if p.is("object") {
		all = append(all, mutation{"is {}", edits{p: setTo("{}")}, invalid(missingIn(p)...)})
	}
	return all
}

func missingIn(p *place) []string {
	var faults []string
	for _, child := range p.children {
		if child.required {
			faults = append(faults, child.fault("is required"))
		}
	}
	return faults
}

func wrongIntegers(p *place) []mutation {
	if !p.is("integer") {
		return nil
	}
	least, most := int64(*p.schema.Min), int64(*p.schema.Max)
	var all []mutation
	for _, list := range []struct {
		words  string
		values []string
	}{
		{fmt.Sprintf("must be at least %d", least), []string{strconv.FormatInt(least-1, 10), "-2147483649", "-9223372036854775809", "-1e400"}},
		{fmt.Sprintf("must be at most %d", most), []string{strconv.FormatInt(most+1, 10), "4294967298", "2.147483648e9", "18446744073709551618", "1e400"}},
		{"must be an integer", []string{"0.5", "2.0000000000000000000001", "2147483647.5", "2e-400"}},
	} {
		for _, value := range list.values {
			all = append(all, mutation{"is " + value, edits{p: setTo(value)}, invalid(p.fault(list.words))})
		}
	}
	return all
}

func wrongTexts(p *place) []mutation {
	var all []mutation
	if p.schema.MinLength > 0 || p.schema.Pattern != "" {
		all = append(all, mutation{"is empty", edits{p: setTo(`""`)}, invalid(p.fault("must not be empty"))})
	}
	if p.schema.Pattern != "" {
		for _, text := range []string{"D", "DEU", "D1", " DE", `DE\n`, `\u0000E`, "ÄÖ", "é", `\u212aE`, `\ud83e\udde6`, `\ud800`, marker} {
			all = append(all, mutation{"is " + text, edits{p: setTo(`"` + text + `"`)}, invalid(p.fault("must be two letters (ISO 3166-1 alpha-2)"))})
		}
	}
	return all
}

func wrongLists(p *place) []mutation {
	if !p.is("array") {
		return nil
	}
	most := int(*p.schema.MaxItems)
	many := "[" + strings.TrimSuffix(strings.Repeat("0,", most+1), ",") + "]"
	return []mutation{
		{"is empty", edits{p: setTo("[]")}, invalid(p.fault(fmt.Sprintf("must have at least %d item", p.schema.MinItems)))},
		{"is too long", edits{p: setTo(many)}, invalid(p.fault(fmt.Sprintf("must have at most %d items, got %d", most, most+1)))},
	}
}

// misnamed are properties that are absent or have a wrong name.
func misnamed(good, p *place) []mutation {
	if p.name == "" {
		return nil
	}
	all := []mutation{{"is missing", edits{p: func(string, string) string { return "" }}, Expectation{}}}
	for _, name := range []string{strings.ToUpper(p.name), strings.ToUpper(p.name[:1]) + p.name[1:], p.name + " "} {
		all = append(all, mutation{"is named " + name, edits{p: func(_, value string) string { return `"` + name + `":` + value }}, Expectation{}})
	}
	total := good.at("/total")
	for i := range all {
		switch {
		case p.required:
			all[i].want = invalid(p.fault("is required"))
		case p.pointer == "/products/0/quantity": // is 1 then
			all[i].want = wrongTotal("6", "4")
		case p == total: // without a total, another fault is needed
			all[i].changed[good.at("/address/country")] = setTo(`"D"`)
			all[i].want = invalid("/address/country: must be two letters (ISO 3166-1 alpha-2)")
		default:
			all[i].changed[total] = setTo("7")
			all[i].want = wrongTotal("7", "6")
		}
	}
	return all
}

// repeated are duplicate properties.
func repeated(p *place) []mutation {
	if p.name == "" {
		return nil
	}
	escaped := fmt.Sprintf(`"\u%04x%s":`, p.name[0], p.name[1:])
	want := invalid(p.fault("duplicate property"))
	return []mutation{
		{"is given twice", edits{p: func(key, value string) string { return key + value + "," + key + value }}, want},
		{"is given twice, then null", edits{p: func(key, value string) string { return key + value + "," + key + "null" }}, want},
		{"is given twice, once in escapes", edits{p: func(key, value string) string { return key + value + "," + escaped + value }}, want},
	}
}

// unknown are properties that are dropped. The total is wrong as well, so that the request is
// rejected.
func unknown(good, p *place) []mutation {
	if !p.is("object") {
		return nil
	}
	var all []mutation
	for _, member := range []string{
		`"":{}`, `"__proto__":{"quantity":9}`, `"userId":"victim"`, `"orderId":"` + victimsOrder + `"`,
		`"status":"FULFILLED"`, `"a/b~c":[null,-1e400]`,
	} {
		all = append(all, mutation{"has " + member, edits{p: besides(member), good.at("/total"): setTo("7")}, wrongTotal("7", "6")})
	}
	return append(all,
		mutation{"has an unknown member twice", edits{p: besides(`"` + marker + `/~":1,"` + marker + `/~":1`)}, invalid(p.pointer + "/" + marker + "~1~0: duplicate property")},
		mutation{"has an unknown object with a member twice", edits{p: besides(`"x":[{"y":1,"y":1}]`)}, invalid(p.pointer + "/x/0/y: duplicate property")})
}
