package order

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const validRequest = `{
	"products": [
		{"productId": "p1", "name": "Pen", "package": {"width": 10, "length": 150, "height": 10, "weight": 20}, "price": 250, "quantity": 4},
		{"productId": "p2", "name": "Ink", "package": {"width": 50, "length": 50, "height": 80, "weight": 300}, "price": 900}
	],
	"address": {"name": "Ada", "companyName": "", "streetAddress": "1 Main St", "city": "Paris", "country": "FR", "phoneNumber": "+33"},
	"deliveryPrice": 1000,
	"paymentToken": "token"
}`

// edited returns the valid request with one change made to it.
func edited(t testing.TB, edit func(request map[string]any)) string {
	var request map[string]any
	require.NoError(t, json.Unmarshal([]byte(validRequest), &request))
	edit(request)
	text, err := json.Marshal(request)
	require.NoError(t, err)
	return string(text)
}

func product(request map[string]any, i int) map[string]any {
	return request["products"].([]any)[i].(map[string]any)
}

func address(request map[string]any) map[string]any { return request["address"].(map[string]any) }

func TestParseRequestNormalises(t *testing.T) {
	r, err := ParseRequest([]byte(edited(t, func(r map[string]any) {
		r["orderId"], r["userId"], r["status"], r["note"] = "mine", "other", "FULFILLED", nil
		product(r, 0)["color"], address(r)["floor"] = "red", 3
		product(r, 0)["package"].(map[string]any)["depth"] = []any{}
		r["total"] = json.Number("2900.0")
	})))
	require.NoError(t, err)
	empty := ""
	require.Equal(t, []Product{
		{"p1", "Pen", Package{10, 150, 10, 20}, 250, 4},
		{"p2", "Ink", Package{50, 50, 80, 300}, 900, 1},
	}, r.Products)
	require.Equal(t, Address{Name: "Ada", CompanyName: &empty, StreetAddress: "1 Main St", City: "Paris", Country: "FR", PhoneNumber: "+33"}, r.Address)
	require.EqualValues(t, 1000, r.DeliveryPrice)
	require.EqualValues(t, "token", r.PaymentToken)
	require.EqualValues(t, 2900, r.Total)
}

func TestEveryErrorIsReportedWithItsPointer(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(r map[string]any)
		want []string
	}{
		"nothing there": {func(r map[string]any) { clear(r) }, []string{
			"/products: is required", "/address: is required", "/deliveryPrice: is required", "/paymentToken: is required"}},
		"no products":   {func(r map[string]any) { r["products"] = []any{} }, []string{"/products: must have at least 1 item"}},
		"null products": {func(r map[string]any) { r["products"] = nil }, []string{"/products: must be an array"}},
		"101 products": {func(r map[string]any) {
			many := make([]any, 101)
			for i := range many {
				many[i] = map[string]any{"productId": fmt.Sprint(i)}
			}
			r["products"] = many
		}, []string{"/products: must have at most 100 items, got 101"}},
		"an empty product": {func(r map[string]any) { clear(product(r, 1)) }, []string{
			"/products/1/productId: is required", "/products/1/name: is required", "/products/1/price: is required", "/products/1/package: is required"}},
		"product is text":   {func(r map[string]any) { r["products"].([]any)[0] = "pen" }, []string{"/products/0: must be an object"}},
		"negative quantity": {func(r map[string]any) { product(r, 0)["quantity"] = -1 }, []string{"/products/0/quantity: must be at least 1"}},
		"zero quantity":     {func(r map[string]any) { product(r, 0)["quantity"] = 0 }, []string{"/products/0/quantity: must be at least 1"}},
		"null quantity":     {func(r map[string]any) { product(r, 0)["quantity"] = nil }, []string{"/products/0/quantity: must be an integer"}},
		"text quantity":     {func(r map[string]any) { product(r, 0)["quantity"] = "1" }, []string{"/products/0/quantity: must be an integer"}},
		"half a piece":      {func(r map[string]any) { product(r, 0)["quantity"] = 1.5 }, []string{"/products/0/quantity: must be an integer"}},
		"negative price":    {func(r map[string]any) { product(r, 0)["price"] = -5 }, []string{"/products/0/price: must be at least 0"}},
		"huge price":        {func(r map[string]any) { product(r, 0)["price"] = 2147483648 }, []string{"/products/0/price: must be at most 2147483647"}},
		"beyond 64 bits":    {func(r map[string]any) { product(r, 0)["price"] = json.Number("1e300") }, []string{"/products/0/price: must be at most 2147483647"}},
		"negative size":     {func(r map[string]any) { product(r, 1)["package"].(map[string]any)["width"] = -1 }, []string{"/products/1/package/width: must be at least 0"}},
		"a size missing":    {func(r map[string]any) { delete(product(r, 1)["package"].(map[string]any), "weight") }, []string{"/products/1/package/weight: is required"}},
		"package is a list": {func(r map[string]any) { product(r, 1)["package"] = []any{} }, []string{"/products/1/package: must be an object"}},
		"empty product id":  {func(r map[string]any) { product(r, 0)["productId"] = "" }, []string{"/products/0/productId: must not be empty"}},
		"numeric name":      {func(r map[string]any) { product(r, 0)["name"] = 5 }, []string{"/products/0/name: must be a string"}},
		"long product id": {func(r map[string]any) { product(r, 0)["productId"] = strings.Repeat("é", 1025) },
			[]string{"/products/0/productId: must be at most 2048 bytes"}},
		"same product twice": {func(r map[string]any) { product(r, 1)["productId"] = "p1" }, []string{"/products/1/productId: is the same as in /products/0"}},
		"total overflows": {func(r map[string]any) { product(r, 0)["price"], product(r, 0)["quantity"] = 2147483647, 2147483647 },
			[]string{"/products: the total of the order must be at most 2147483647"}},
		"total one too much": {func(r map[string]any) { r["deliveryPrice"] = 2147483647 - 1900 + 1 }, []string{"/products: the total of the order must be at most 2147483647"}},
		"total is text":      {func(r map[string]any) { r["total"] = "2900" }, []string{"/total: must be an integer"}},
		"total is null":      {func(r map[string]any) { r["total"] = nil }, []string{"/total: must be an integer"}},
		"total is negative":  {func(r map[string]any) { r["total"] = -1 }, []string{"/total: must be at least 0"}},
		"negative delivery":  {func(r map[string]any) { r["deliveryPrice"] = -1 }, []string{"/deliveryPrice: must be at least 0"}},
		"empty token":        {func(r map[string]any) { r["paymentToken"] = "" }, []string{"/paymentToken: must not be empty"}},
		"null token":         {func(r map[string]any) { r["paymentToken"] = nil }, []string{"/paymentToken: must be a string"}},
		"empty address": {func(r map[string]any) { clear(address(r)) }, []string{"/address/name: is required", "/address/streetAddress: is required",
			"/address/city: is required", "/address/country: is required", "/address/phoneNumber: is required"}},
		"null optional field":   {func(r map[string]any) { address(r)["state"] = nil }, []string{"/address/state: must be a string"}},
		"empty city":            {func(r map[string]any) { address(r)["city"] = "" }, []string{"/address/city: must not be empty"}},
		"country of three":      {func(r map[string]any) { address(r)["country"] = "FRA" }, []string{"/address/country: must be two letters (ISO 3166-1 alpha-2)"}},
		"country and line feed": {func(r map[string]any) { address(r)["country"] = "FR\n" }, []string{"/address/country: must be two letters (ISO 3166-1 alpha-2)"}},
		"country of digits":     {func(r map[string]any) { address(r)["country"] = "F1" }, []string{"/address/country: must be two letters (ISO 3166-1 alpha-2)"}},
		"country with accent":   {func(r map[string]any) { address(r)["country"] = "é" }, []string{"/address/country: must be two letters (ISO 3166-1 alpha-2)"}},
		"wrong case":            {func(r map[string]any) { r["Products"] = r["products"]; delete(r, "products") }, []string{"/products: is required"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRequest([]byte(edited(t, c.edit)))
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok, "no error")
			require.Equal(t, Invalid, e.Kind)
			require.Equal(t, "JSON Schema validation error", e.Message)
			require.Equal(t, c.want, e.Details)
		})
	}
}

func TestLargestTotalIsValid(t *testing.T) {
	r, err := ParseRequest([]byte(edited(t, func(r map[string]any) { r["deliveryPrice"] = 2147483647 - 1900 })))
	require.NoError(t, err)
	require.EqualValues(t, MaxInteger, r.Total)
}

func TestDuplicatePropertiesAreInvalid(t *testing.T) {
	for body, want := range map[string]string{
		strings.Replace(validRequest, `"name": "Pen"`, `"name": "Pen", "name": "Pin"`, 1):                      "/products/0/name: duplicate property",
		strings.Replace(validRequest, `"deliveryPrice"`, `"x": {"a/b~": 1, "a\/b~": 1}, "deliveryPrice"`, 1):   "/x/a~1b~0: duplicate property",
		strings.Replace(validRequest, `"deliveryPrice"`, `"x": [[{"a": 1, "\u0061": 1}]], "deliveryPrice"`, 1): "/x/0/0/a: duplicate property",
	} {
		_, err := ParseRequest([]byte(body))
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, "no error")
		require.Equal(t, []string{want}, e.Details)
	}
}

func TestTextThatIsNotJSONIsInvalid(t *testing.T) {
	for _, body := range []string{"", " ", "{", "nope", `{"a":1}x`, `{"a":1}{}`, "\ufeff{}", "{\"a\":\"\xff\"}", strings.Repeat("[", 20000), `{"a":01}`, `{a:1}`, `{"a":1,}`} {
		_, err := ParseRequest([]byte(body))
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, body)
		require.Equal(t, Invalid, e.Kind)
		require.Equal(t, "Invalid JSON", e.Message)
		require.Len(t, e.Details, 1)
	}
	for _, body := range []string{"null", "[]", "5", `"text"`, "true"} {
		_, err := ParseRequest([]byte(body))
		e, _ := errors.AsType[*Error](err)
		require.Equal(t, ": must be an object", e.Details[0], body)
	}
}

func TestSizeIsBounded(t *testing.T) {
	fill := func(size int) []byte { return []byte(validRequest + strings.Repeat(" ", size-len(validRequest))) }
	_, err := ParseRequest(fill(MaxRequestBytes))
	require.NoError(t, err)
	_, err = ParseRequest(fill(MaxRequestBytes + 1))
	require.Equal(t, TooLarge, KindOf(err))
	_, err = ParseRequest([]byte(strings.Repeat("x", 129<<10)))
	require.Equal(t, TooLarge, KindOf(err))
}

func TestErrorsOfHostileRequestsStaySmall(t *testing.T) {
	longName := strings.Repeat("k", 60_000)
	for name, body := range map[string]string{
		"many faults in a deep place": `{"` + longName + `":{` + strings.Repeat(`"a":0,`, 10_000) + `"a":0}}`,
		"deep and doubled":            strings.Repeat(`{"a":0,"a":`, 9_000) + "0" + strings.Repeat("}", 9_000),
		"doubled names":               `[` + strings.Repeat(`{"a":1,"a":1},`, 8_000) + `0]`,
	} {
		_, err := ParseRequest([]byte(body))
		e, ok := errors.AsType[*Error](err)
		require.True(t, ok, name)
		require.Less(t, len(strings.Join(e.Details, "")), 512<<10, name)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	r, err := ParseRequest([]byte(strings.Replace(validRequest, `"token"`, `"s3cret"`, 1)))
	require.NoError(t, err)
	o := r.order("user", "2026-01-01T00:00:00.000000Z")
	o.Document = json.RawMessage(`{"paymentToken":"s3cret"}`)
	for _, v := range []any{r, &r, o, &o, o.Address, o.PaymentToken, []Order{o}, map[string]any{"o": o, "r": r}, o.LogValue(), r.LogValue(), o.PaymentToken.LogValue(), o.Address.LogValue()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			text := fmt.Sprintf(verb, v)
			require.NotContains(t, text, "s3cret", "%T with %s", v, verb)
			require.NotContains(t, text, "Main St", "%T with %s", v, verb)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(validRequest))
	f.Add([]byte(`{"products":[{"quantity":-1}],"address":null}`))
	f.Add([]byte(`{"a":{"a":1,"a":2}}`))
	f.Add([]byte("[[[["))
	f.Add([]byte("{\"\xff\":1e999}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRequest(data)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			require.Contains(t, []Kind{Invalid, TooLarge}, e.Kind)
			require.NotEmpty(t, e.Details)
			return
		}
		sum, err := total(linesOf(r.Products), r.DeliveryPrice)
		require.NoError(t, err)
		require.Equal(t, sum, r.Total)
		require.LessOrEqual(t, r.Total, int64(MaxInteger))
		require.NotEmpty(t, r.Products)
		require.NotEmpty(t, string(r.PaymentToken))
	})
}
