package hostile

import "strings"

// maxOrder is the largest order, in bytes.
const maxOrder = 128 << 10

// sizes are bodies that are large, deep or long; most are rejected for a small fault that must
// still be found.
func sizes(good *place) []Request {
	text, wrong := good.text(nil), good.text(edits{good.at("/total"): setTo("7")})
	priced := func(name string, want Expectation, before string, repeated string, times int, after string) Request {
		pointer := good.at("/deliveryPrice")
		head, tail, _ := strings.Cut(good.text(edits{pointer: setTo("\x00"), good.at("/total"): setTo("7")}), "\x00")
		return pieces(name, want, Piece{Text: head + before}, Piece{Text: repeated, Times: times}, Piece{Text: after + tail})
	}
	member := func(name string, want Expectation, repeated string, times int, middle, closing string) Request {
		return pieces(name, want, Piece{Text: `{"x":`}, Piece{Text: repeated, Times: times}, Piece{Text: middle}, Piece{Text: closing, Times: times}, Piece{Text: "," + wrong[1:]})
	}
	first := func(fault string) Expectation { return invalid(fault, "...") }
	padded := func(name string, want Expectation, head string, size int) Request {
		return pieces(name, want, Piece{Text: head}, Piece{Text: " ", Times: size - len(head)})
	}
	return []Request{
		padded("size: exactly 128 KiB, the total wrong", wrongTotal("7", "6"), wrong, maxOrder),
		padded("size: one byte over 128 KiB", tooLarge, text, maxOrder+1),
		padded("size: 128 KiB of spaces", notJSON, " ", maxOrder),
		padded("size: 1 MiB", tooLarge, text, 1<<20),
		padded("size: the gateway's 10 MiB", tooLarge, text, 10<<20),
		padded("size: one byte over 10 MiB", tooLarge, text, 10<<20+1),
		pieces("size: one byte over in characters of two bytes", tooLarge, Piece{Text: `{"x":"a`}, Piece{Text: "é", Times: (maxOrder - 8) / 2}, Piece{Text: `"}`}),
		pieces("size: over 128 KiB only as Base64", notJSON, Piece{Text: `{"x":"`}, Piece{Text: "é", Times: 60000}, Piece{Base64: []byte("\xff")}, Piece{Text: `"}`}),
		pieces("size: garbage over 128 KiB", tooLarge, Piece{Text: marker, Times: 30000}),
		pieces("size: a name of 100 KB, twice", first("/"+strings.Repeat("n", 100)+"*"),
			Piece{Text: `{"`}, Piece{Text: "n", Times: 60000}, Piece{Text: `":1,"`}, Piece{Text: "n", Times: 60000}, Piece{Text: `":1,` + wrong[1:]}),
		pieces("size: a text of 100 KB for a country", invalid("/address/country: must be two letters (ISO 3166-1 alpha-2)"), countryOf(good, Piece{Text: "D", Times: 100000})...),
		pieces("size: a text of NULs for a country", invalid("/address/country: must be two letters (ISO 3166-1 alpha-2)"), countryOf(good, Piece{Text: `\u0000`, Times: 20000})...),
		pieces("size: 14,000 members of one name", first("/a: duplicate property"), Piece{Text: "{"}, Piece{Text: `"a":1,`, Times: 14000}, Piece{Text: text[1:]}),
		pieces("size: 40,000 products", invalid("/products: must have at most 100 items, got 40001"), productsOf(good, Piece{Text: "0,", Times: 40000})...),
		pieces("size: 100 empty products", first("/products/0/productId: is required"), productsOf(good, Piece{Text: "{},", Times: 99})...),

		pieces("depth: 100,000 brackets, none closed", notJSON, Piece{Text: "[", Times: 100000}),
		pieces("depth: 100,000 braces, none closed", notJSON, Piece{Text: `{"a":`, Times: 26000}),
		pieces("depth: 60,000 brackets, closed", notJSON, Piece{Text: "[", Times: 60000}, Piece{Text: "]", Times: 60000}),
		pieces("depth: 60,000 closing brackets", notJSON, Piece{Text: "]", Times: 60000}),
		pieces("depth: 9,000 brackets", invalid(": must be an object"), Piece{Text: "[", Times: 9000}, Piece{Text: "]", Times: 9000}),
		member("depth: 60,000 brackets in an unknown member", notJSON, "[", 60000, "", "]"),
		member("depth: 9,000 brackets in an unknown member", wrongTotal("7", "6"), "[", 9000, "", "]"),
		member("depth: 9,000 objects in an unknown member", wrongTotal("7", "6"), `{"a":`, 9000, "1", "}"),
		member("depth: 5,000 objects, each with a member twice", first("/x/b: duplicate property"), `{"b":0,"b":0,"a":`, 5000, "1", "}"),
		pieces("depth: 1,000 faults at 9,000 brackets", first("/x/0/0*"), Piece{Text: `{"x":`}, Piece{Text: "[", Times: 9000}, Piece{Text: `{"a":1`}, Piece{Text: `,"a":1`, Times: 14000},
			Piece{Text: "}"}, Piece{Text: "]", Times: 9000}, Piece{Text: "," + wrong[1:]}),
		member("depth: brackets that are not closed in their order", notJSON, "[{", 1000, "", "]}"),

		priced("number: 100,000 digits", invalid("/deliveryPrice: must be at most 2147483647"), "", "9", 100000, ""),
		priced("number: 100,000 digits below zero", invalid("/deliveryPrice: must be at least 0"), "-", "9", 100000, ""),
		priced("number: 100,000 zeros after the point", wrongTotal("7", "6"), "2.", "0", 100000, ""),
		priced("number: a one after 100,000 zeros", invalid("/deliveryPrice: must be an integer"), "2.", "0", 100000, "1"),
		priced("number: an exponent of 100,000 digits", invalid("/deliveryPrice: must be at most 2147483647"), "2e", "9", 100000, ""),
		priced("number: an exponent of 100,000 digits below zero", invalid("/deliveryPrice: must be an integer"), "2e-", "9", 100000, ""),
		priced("number: an exponent of 100,000 zeros", wrongTotal("7", "6"), "2e", "0", 100000, ""),
		priced("number: zero with an exponent of 100,000 digits", wrongTotal("7", "4"), "0e", "9", 100000, ""),
		priced("number: 100,000 zeros undone by the exponent", wrongTotal("7", "6"), "2", "0", 100000, "e-100000"),
		priced("number: 100,000 zeros not quite undone", invalid("/deliveryPrice: must be an integer"), "2", "0", 100000, "e-100001"),
	}
}

func pieces(name string, want Expectation, all ...Piece) Request {
	r := create(name, want)
	r.Pieces = all
	return r
}

func countryOf(good *place, text Piece) []Piece {
	head, tail, _ := strings.Cut(good.text(edits{good.at("/address/country"): setTo("\x00")}), "\x00")
	return []Piece{{Text: head + `"`}, text, {Text: `"` + tail}}
}

// productsOf puts items, each with a comma, before an invalid last one.
func productsOf(good *place, items Piece) []Piece {
	head, tail, _ := strings.Cut(good.text(edits{good.at("/products"): setTo("\x00")}), "\x00")
	return []Piece{{Text: head + "["}, items, {Text: `{"productId":7}]` + tail}}
}

// sums are orders whose parts are valid, but not their sum.
func sums(good *place) []Request {
	product := good.at("/products/0")
	second := func(name string) func(string, string) string {
		return func(_, value string) string {
			return value + "," + strings.Replace(value, `"productId":"`+marker+`"`, `"productId":"`+name+`"`, 1)
		}
	}
	tooMuch := invalid("/products: the total of the order must be at most 2147483647")
	delivery, price, quantity, total := good.at("/deliveryPrice"), good.at("/products/0/price"), good.at("/products/0/quantity"), good.at("/total")
	const most = "2147483647"
	same := "/products/1/productId: is the same as in /products/0"
	var all []Request
	for _, m := range []mutation{
		{"the delivery price one too large", edits{delivery: setTo("2147483644")}, tooMuch},
		{"the largest price twice", edits{price: setTo(most)}, tooMuch},
		{"the largest price, as often", edits{price: setTo(most), quantity: setTo(most)}, tooMuch},
		{"beyond 32 bits to a small sum", edits{price: setTo("65536"), quantity: setTo("65536")}, tooMuch},
		{"beyond 64 bits", edits{price: setTo(most), quantity: setTo(most), product: func(_, v string) string {
			return v + strings.Repeat(","+v, 2)
		}}, invalid(same, "/products/2/productId: is the same as in /products/0")},
		{"a product twice", edits{product: second(marker)}, invalid(same)},
		{"a product twice, once in escapes", edits{product: second(`\u0073` + marker[1:])}, invalid(same)},
		{"a product twice, as lone surrogates", edits{product: second(marker), good.at("/products/0/productId"): setTo(`"\ud800"`)}, invalid(same)},
		{"total one too low", edits{total: setTo("5")}, wrongTotal("5", "6")},
		{"total 0", edits{total: setTo("0")}, wrongTotal("0", "6")},
		{"total -0", edits{total: setTo("-0")}, wrongTotal("0", "6")},
		{"total 0e400", edits{total: setTo("0e400")}, wrongTotal("0", "6")},
		{"total 6e1", edits{total: setTo("6e1")}, wrongTotal("60", "6")},
		{"total the largest", edits{total: setTo(most)}, wrongTotal(most, "6")},
		{"everything free but not the total", edits{price: setTo("0"), delivery: setTo("0")}, wrongTotal("6", "0")},
		{"a text of lone surrogates, total wrong", edits{good.at("/address/name"): setTo(`"\ud800\udbff"`), total: setTo("7")}, wrongTotal("7", "6")},
		{"a text of control characters, total wrong", edits{good.at("/address/name"): setTo(`"\u0000\u001b[2J\r\n` + marker + `"`), total: setTo("7")}, wrongTotal("7", "6")},
		{"a text that turns the writing round, total wrong", edits{good.at("/address/name"): setTo(`"\u202e` + marker + `"`), total: setTo("7")}, wrongTotal("7", "6")},
	} {
		all = append(all, create("sum: "+m.what, m.want).with(good.text(m.changed)))
	}
	return all
}
