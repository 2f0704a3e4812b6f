package eventbus

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestWhatCanNeverPassIsUnsendableAtOnce(t *testing.T) {
	for _, code := range []string{"MalformedDetail", "InvalidArgument"} {
		t.Run(code, func(t *testing.T) {
			b := &bus{fault: func(_ int, entries []entry) fault {
				f := fault{entries: map[int]string{}}
				for i, e := range entries {
					if e.Resources[0] == "bad" && e.Detail == `{"n":2}` {
						f.entries[i] = code
					}
				}
				return f
			}}
			within(t, b, func(t *testing.T, p *Publisher) {
				results := p.Publish(t.Context(), []order.Event{
					event("bad", 1), event("good", 1), event("bad", 2), event("bad", 3), event("good", 2), event("good", 3),
				})
				require.Equal(t, []order.Kind{"", "", order.Permanent, order.Permanent, "", ""}, kinds(t, results))
				require.ErrorContains(t, results[2], "The event bus did not accept the event: "+code)
				require.ErrorContains(t, results[3], "An earlier event of the order was not accepted: "+code)
			})
			require.Equal(t, []int{2, 2, 1}, b.sizes())
		})
	}
}

func TestARefusedRequestIsTakenApartToFindTheCulprit(t *testing.T) {
	b := &bus{}
	within(t, b, func(t *testing.T, p *Publisher) {
		events := append(oneEach(10), event("order-3", 1), event("order-4", 1))
		events[3].Type = "Poison"
		results := kinds(t, p.Publish(t.Context(), events))
		want := make([]order.Kind, 12)
		want[3], want[10] = order.Permanent, order.Permanent
		require.Equal(t, want, results)
	})
	require.Equal(t, 10, b.sizes()[0])
	require.ElementsMatch(t, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, b.sizes()[1:])
	require.Len(t, b.accepted, 10)
}

func TestASuspectIsSentAloneThoughOthersWait(t *testing.T) {
	var withSuspect []int // entries of the requests that it was in
	b := &bus{fault: func(_ int, entries []entry) fault {
		if entries[0].Resources[0] == "order-0" || entries[len(entries)-1].Resources[0] == "order-0" {
			withSuspect = append(withSuspect, len(entries))
			return fault{}
		}
		return fault{hang: 100 * time.Millisecond}
	}}
	within(t, b, func(t *testing.T, p *Publisher) {
		events := oneEach(105)
		events[0].Type = "Poison"
		results := p.Publish(t.Context(), events)
		require.Equal(t, order.Permanent, order.KindOf(results[0]))
		allSent(t, results[1:], 104)
	})
	require.Equal(t, []int{10, 1}, withSuspect)
}

func TestARequestTooLargeForTheBusIsTakenApart(t *testing.T) {
	b := &bus{fault: func(_ int, entries []entry) fault {
		if len(entries) > 1 {
			return fault{status: 413, body: "<html>Request entity too large</html>"}
		}
		return fault{}
	}}
	within(t, b, func(t *testing.T, p *Publisher) { allSent(t, p.Publish(t.Context(), oneEach(3)), 3) })
	require.Equal(t, []int{3, 1, 1, 1}, b.sizes())
}

func TestWhatOperatorsMendIsTriedAFewTimesOnly(t *testing.T) {
	faults := map[string]fault{
		"of the request": {status: 400, code: "AccessDeniedException", message: "User is not authorized to perform: events:PutEvents"},
		"of the entries": {entries: map[int]string{0: "NotAuthorizedForSourceException", 1: "AccessDeniedException"}},
		"no such bus":    {status: 400, code: "ResourceNotFoundException"},
		"expired":        {status: 400, code: "ExpiredTokenException"},
		"unknown key":    {status: 403, code: "UnrecognizedClientException"},
		"forbidden":      {status: 403, body: "<html>Forbidden</html>"},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: always(f)}
			within(t, b, func(t *testing.T, p *Publisher) {
				results := p.Publish(t.Context(), append(oneEach(2), event("order-1", 1)))
				require.Equal(t, []order.Kind{order.Unavailable, order.Unavailable, order.Unavailable}, kinds(t, results))
				require.ErrorContains(t, results[0], f.message)
			})
			require.Equal(t, []int{2, 2, 2}, b.sizes())
		})
	}
}

// The bus may repeat what it was sent, in messages and in answers that are none.
func TestNoErrorTextHoldsWhatIsInAnEvent(t *testing.T) {
	const secret = "tok_4711 Elm Street 5"
	for name, f := range map[string]fault{
		"refused":            {status: 400, code: "ValidationException", message: "Value '" + secret + "' is not valid"},
		"throttled":          {status: 400, code: "ThrottlingException", message: secret},
		"broken":             {status: 500, code: "InternalException", message: secret},
		"unknown":            {status: 400, code: "NeverHeardOf", message: secret},
		"entry refused":      {entries: map[int]string{0: "MalformedDetail"}, message: secret},
		"entry failed":       {entries: map[int]string{0: "InternalFailure"}, message: secret},
		"echoed as a page":   {status: 502, body: secret},
		"echoed as answer":   {body: secret},
		"echoed in quotes":   {body: `"` + secret + `"`},
		"echoed as a result": {body: `{"Entries":"` + secret + `"}`},
		"echoed as a number": {body: `{"FailedEntryCount":"` + secret + `"}`},
		"no answer":          {reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: always(f)}
			within(t, b, func(t *testing.T, p *Publisher) {
				e := event("a", 1)
				e.Detail = fmt.Appendf(nil, `{"paymentToken":%q}`, secret)
				for _, err := range p.Publish(t.Context(), []order.Event{e, event("a", 2)}) {
					require.Error(t, err)
					for _, text := range []string{"%v", "%+v", "%#v"} {
						require.NotContains(t, fmt.Sprintf(text, err), "4711")
						require.NotContains(t, fmt.Sprintf(text, err), "Elm")
					}
				}
			})
			require.Empty(t, b.accepted)
		})
	}
}
