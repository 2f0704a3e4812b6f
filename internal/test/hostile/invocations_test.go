package hostile

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// invocations are events of direct invocations, and events that imitate those of API Gateway.
func invocations(good *place) []Request {
	text := good.text(nil)
	var all []Request
	invoke := func(function, event string, want Expectation) {
		all = append(all, Request{Name: "invocation: " + function + " " + printable(event), Function: function, Want: want}.with(event))
	}
	invalidEvent := func(faults ...string) Expectation { return Expectation{Message: "Invalid event", Errors: faults} }
	const noObject, noOrder, noUser = "event: must be a JSON object", "Missing order in event", "Missing userId in event"
	for _, event := range []string{"null", "true", "7", `"` + marker + `"`, "[]", "[{}]"} {
		invoke("create-order", event, invalidEvent(noObject))
	}
	for _, event := range []string{
		"{}", `{"Order":{},"UserId":"mallory"}`, `{"body":"{}"}`, `{"Records":[]}`, `{"source":"aws.events"}`,
		`{"version":"2.0","rawPath":"/orders","requestContext":{"http":{"method":"POST"}}}`, `{"` + strings.Repeat("x", 1000) + `":1}`,
	} {
		invoke("create-order", event, invalidEvent(noOrder, noUser))
	}
	for _, event := range []string{ // API Gateway must always get a response for itself
		`{"httpMethod":7}`, `{"httpMethod":""}`, `{"httpMethod":null}`, `{"httpMethod":{}}`,
		`{"httpMethod":"POST","body":{"userId":"victim"}}`, `{"httpMethod":"POST","headers":"x"}`, `{"httpMethod":"POST","requestContext":[]}`,
		`{"httpMethod":"POST","isBase64Encoded":"true"}`, `{"httpMethod":"POST","pathParameters":7}`,
	} {
		invoke("create-order", event, unauthorized)
	}
	invoke("create-order", `{"order":`+text+`}`, invalidEvent(noUser))
	invoke("create-order", `{"userId":"mallory"}`, invalidEvent(noOrder))
	invoke("create-order", `{"userId":"mallory","userId":"victim","order":`+text+`}`, invalidEvent(`event: duplicate property "userId"`))
	invoke("create-order", `{"userId":"mallory","order":{},"order":`+text+`}`, invalidEvent(`event: duplicate property "order"`))
	invoke("create-order", `{"userId":"mallory","order":{},"\u006frder":`+text+`}`, invalidEvent(`event: duplicate property "order"`))
	for _, user := range []string{"null", "7", "true", "{}", "[]", `["victim"]`, `{"S":"victim"}`, `""`} {
		invoke("create-order", `{"userId":`+user+`,"order":`+text+`}`, invalidEvent("userId in event must be a string that is not empty"))
	}
	invoke("create-order", `{"userId":"`+strings.Repeat("v", 2049)+`","order":`+text+`}`, invalidEvent("userId in event must be at most 2048 bytes"))
	for _, o := range []string{"null", "7", `""`, "[]", "true", `"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"`} {
		invoke("create-order", `{"userId":"mallory","order":`+o+`}`, Expectation{Message: "JSON Schema validation error", Errors: []string{": must be an object"}})
	}
	deep := Request{Name: "invocation: create-order, 9,000 brackets", Function: "create-order", Want: Expectation{Message: "JSON Schema validation error", Errors: []string{": must be an object"}},
		Pieces: []Piece{{Text: `{"userId":"mallory","order":`}, {Text: "[", Times: 9000}, {Text: "]", Times: 9000}, {Text: "}"}}}
	large := Request{Name: "invocation: create-order, one byte over 128 KiB", Function: "create-order", Want: Expectation{Message: "Request too large", Errors: []string{"*"}},
		Pieces: []Piece{{Text: `{"userId":"mallory","order":{"x":"`}, {Text: "x", Times: maxOrder - 7}, {Text: `"}}`}}}
	all = append(all, deep, large)
	return append(all, proxyEvents(text)...)
}

// proxyEvents are events that API Gateway never sends.
func proxyEvents(text string) []Request {
	var all []Request
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	proxy := func(function, members string, want Expectation) {
		event := `{"httpMethod":"POST","resource":"/orders",` + members + `}`
		if function == "get-order" {
			event = "{" + members + "}"
		}
		all = append(all, Request{Name: "proxy event: " + function + " " + printable(members), Function: function, Want: want}.with(event))
	}
	for _, who := range []string{"{}", "null", `{"authorizer":null}`, `{"authorizer":{}}`, `{"authorizer":{"sub":"victim"}}`, `{"authorizer":{"claims":null}}`, `{"authorizer":{"claims":"victim"}}`,
		`{"authorizer":{"claims":["victim"]}}`, `{"authorizer":{"claims":{}}}`, `{"authorizer":{"claims":{"sub":""}}}`,
		`{"authorizer":{"claims":{"sub":null}}}`, `{"authorizer":{"claims":{"sub":7}}}`,
		`{"authorizer":{"claims":{"sub":["victim"]}}}`, `{"authorizer":{"claims":{"Sub":"victim"}}}`, `{"authorizer":{"jwt":{"claims":{"sub":"victim"}}}}`, `{"identity":{"userArn":"arn:aws:iam::000000000000:root"}}`, `{"identity":{"cognitoIdentityId":"victim"}}`} {
		proxy("create-order", `"requestContext":`+who+`,"body":`+string(quoted), unauthorized)
		proxy("get-order", `"httpMethod":"GET","resource":"/orders","requestContext":`+who, unauthorized)
	}
	const mallory = `"requestContext":{"authorizer":{"claims":{"sub":"mallory"}}}`
	for _, body := range []string{`null`, `""`, `"{"`, `"` + marker + `"`, `"\ud800"`, `"\u0000"`, `"AA==","isBase64Encoded":true`, `"%%%","isBase64Encoded":true`, `"` + strings.Repeat("A", 401) + `","isBase64Encoded":true`} {
		proxy("create-order", mallory+`,"body":`+body, notJSON)
	}
	proxy("create-order", mallory, notJSON)
	for _, members := range []string{"", `"order":{}`} {
		proxy("get-order", members, Expectation{Status: 400, Message: "Invalid event", Errors: []string{"*"}})
	}
	for _, members := range []string{`"httpMethod":"DELETE","resource":"/orders"`, `"httpMethod":"GET","resource":""`, `"httpMethod":"GET","resource":"/{proxy+}","path":"/orders"`, `"httpMethod":"get","resource":"/orders"`,
		`"httpMethod":"","resource":"/orders"`, `"httpMethod":7`} {
		proxy("get-order", members+","+mallory, Expectation{Status: 404, Message: "*"})
	}
	const noID = "Missing orderId"
	for _, parameters := range []string{"null", "{}", `{"orderId":""}`, `{"orderid":"` + victimsOrder + `"}`} {
		proxy("get-order", `"httpMethod":"GET","resource":"/orders/{orderId}","pathParameters":`+parameters+","+mallory, Expectation{Status: 400, Message: noID, Errors: []string{"*"}})
	}
	proxy("get-order", `"httpMethod":"GET","resource":"/backend/{orderId}","pathParameters":{"orderId":"`+victimsOrder+`"},`+mallory, unauthorized)
	proxy("get-order", `"httpMethod":"GET","resource":"/backend/{orderId}","requestContext":{"identity":{"userArn":"arn:aws:iam::000000000000:root"}}`, Expectation{Status: 400, Message: noID, Errors: []string{"*"}})
	proxy("get-order", `"httpMethod":"GET","resource":"/orders/{orderId}","pathParameters":{"orderId":"`+victimsOrder+`"},`+mallory, notFound)
	return all
}
