package eventbus

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orders/internal/order"
)

func TestAPermanentFailureIsNotRetried(t *testing.T) {
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
			withBus(t, b, func(t *testing.T, p *Publisher) {
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

func TestARejectedRequestIsSplitToFindThePermanentFailure(t *testing.T) {
	b := &bus{}
	withBus(t, b, func(t *testing.T, p *Publisher) {
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

func TestAnUnattributedEventIsSentAlone(t *testing.T) {
	var withPoison []int // entries of its requests
	b := &bus{fault: func(_ int, entries []entry) fault {
		if entries[0].Resources[0] == "order-0" || entries[len(entries)-1].Resources[0] == "order-0" {
			withPoison = append(withPoison, len(entries))
			return fault{}
		}
		return fault{hang: 100 * time.Millisecond}
	}}
	withBus(t, b, func(t *testing.T, p *Publisher) {
		events := oneEach(105)
		events[0].Type = "Poison"
		results := p.Publish(t.Context(), events)
		require.Equal(t, order.Permanent, order.KindOf(results[0]))
		allAccepted(t, results[1:], 104)
	})
	require.Equal(t, []int{10, 1}, withPoison)
}

func TestARequestTooLargeForTheBusIsSplit(t *testing.T) {
	b := &bus{fault: func(_ int, entries []entry) fault {
		if len(entries) > 1 {
			return fault{status: 413, body: "<html>Request entity too large</html>"}
		}
		return fault{}
	}}
	withBus(t, b, func(t *testing.T, p *Publisher) { allAccepted(t, p.Publish(t.Context(), oneEach(3)), 3) })
	require.Equal(t, []int{3, 1, 1, 1}, b.sizes())
}

// Denied access and a missing bus are retried until the end of the call, so that the retries of the
// stream last for hours and not for seconds.
func TestAMisconfigurationIsRetriedUntilTheEndOfTheCall(t *testing.T) {
	faults := map[string]fault{
		"request":     {status: 400, code: "AccessDeniedException", message: "User is not authorized to perform: events:PutEvents"},
		"entries":     {entries: map[int]string{0: "NotAuthorizedForSourceException", 1: "AccessDeniedException"}},
		"missing bus": {status: 400, code: "ResourceNotFoundException"},
		"expired":     {status: 400, code: "ExpiredTokenException"},
		"unknown key": {status: 403, code: "UnrecognizedClientException"},
		"forbidden":   {status: 403, body: "<html>Forbidden</html>"},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: always(f)}
			withBus(t, b, func(t *testing.T, p *Publisher) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				start := time.Now()
				results := p.Publish(ctx, append(oneEach(2), event("order-1", 1)))
				require.Equal(t, []order.Kind{order.Unavailable, order.Unavailable, order.Unavailable}, kinds(t, results))
				require.ErrorContains(t, results[0], f.message)
				require.Greater(t, time.Since(start), 29*time.Second)
			})
			require.Less(t, len(b.requests), 70, "with backoff")
		})
	}
}

// The bus may quote the request, in messages and in invalid responses.
func TestNoErrorTextQuotesAnEvent(t *testing.T) {
	const secret = "tok_4711 Elm Street 5"
	for name, f := range map[string]fault{
		"rejected":           {status: 400, code: "ValidationException", message: "Value '" + secret + "' is not valid"},
		"throttled":          {status: 400, code: "ThrottlingException", message: secret},
		"internal":           {status: 500, code: "InternalException", message: secret},
		"unknown":            {status: 400, code: "NeverHeardOf", message: secret},
		"entry rejected":     {entries: map[int]string{0: "MalformedDetail"}, message: secret},
		"entry failed":       {entries: map[int]string{0: "InternalFailure"}, message: secret},
		"echoed as a page":   {status: 502, body: secret},
		"echoed as response": {body: secret},
		"echoed in quotes":   {body: `"` + secret + `"`},
		"echoed as a result": {body: `{"Entries":"` + secret + `"}`},
		"echoed as a number": {body: `{"FailedEntryCount":"` + secret + `"}`},
		"reset":              {reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bus{fault: always(f)}
			withBus(t, b, func(t *testing.T, p *Publisher) {
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
