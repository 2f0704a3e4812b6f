package privacy

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"orders/internal/lambdaruntime"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// mark is in everything that must not be logged, and in nothing else: no word, ID or number
// contains it.
const mark = "zqxjkvwy"

// markedNumber is a phone number for places where only a number fits.
const markedNumber = "4940555010177"

// markedToken begins every payment token.
const markedToken = mark + "token"

// markedOrder is a new order with a mark in every field that is personal or secret.
func markedOrder() order.Order {
	return ordertest.Sample(func(o *order.Order) {
		company, postCode, state := mark+"company", mark+"postcode", mark+"state"
		o.Address = order.Address{
			Name: mark + "name", CompanyName: &company, StreetAddress: mark + "street 7", PostCode: &postCode,
			City: mark + "city", State: &state, Country: "DE", PhoneNumber: "+49 " + mark + "phone",
		}
		o.PaymentToken = order.PaymentToken(markedToken) + o.PaymentToken
		o.OrderID = order.IDFor(o.PaymentToken)
	})
}

// smallOrder is a marked order with few places to corrupt.
func smallOrder() order.Order {
	o := markedOrder()
	o.Total -= o.Products[1].Price*o.Products[1].Quantity + o.Products[2].Price*o.Products[2].Quantity
	o.Products = o.Products[:1]
	return o
}

// spellings are the forms of the mark, in lower case: as it is, in hexadecimal, and in the Base64
// of a text that has it anywhere; and the functions' credentials, which must not be logged either.
func spellings() []string {
	all := []string{
		mark, markedNumber, hex.EncodeToString([]byte(mark)),
		lambdaruntime.SecretAccessKey, lambdaruntime.SessionToken, "signature=",
	}
	for before := range 3 { // three bytes make four digits, so there are three ways to begin
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", before) + mark))
		whole := (before*8 + 5) / 6 // digits that depend on what is before
		all = append(all, encoded[whole:(before+len(mark))*8/6])
	}
	for i, text := range all {
		all[i] = strings.ToLower(text)
	}
	return all
}

// leaks returns the first few lines of a text that contain what must not be logged, each with what
// surrounds it.
func leaks(text string) (found []string) {
	const around, enough = 200, 10
	forbidden := spellings()
	for line := range strings.Lines(strings.ToLower(text)) {
		for _, spelling := range forbidden {
			if i := strings.Index(line, spelling); i >= 0 {
				found = append(found, fmt.Sprintf("%q in: ...%s...", spelling, line[max(0, i-around):min(len(line), i+around)]))
				break
			}
		}
		if len(found) == enough {
			break
		}
	}
	return found
}

func requireNothingPersonal(t *testing.T, where, text string) {
	t.Helper()
	if found := leaks(text); len(found) > 0 {
		t.Errorf("%s: personal data or secrets\n%s", where, strings.Join(found, "\n"))
	}
}

func TestSearchFindsEncodedMarks(t *testing.T) {
	for _, text := range []string{
		mark, strings.ToUpper(mark), "x" + mark + "y", "phone " + markedNumber + ".", hex.EncodeToString([]byte("a" + mark)),
		base64.StdEncoding.EncodeToString([]byte(mark + "name")), base64.URLEncoding.EncodeToString([]byte("a" + mark + "name")),
		base64.RawURLEncoding.EncodeToString([]byte(`{"name":"` + mark + `"}`)), "Authorization: Signature=0",
	} {
		require.NotEmpty(t, leaks(text), text)
	}
	require.Empty(t, leaks(`{"level":"ERROR","orderId":"6f1d0c3e-52a4-4b0e-9c57-0d8f6f1b7a21","error":"no response"}`))
}
