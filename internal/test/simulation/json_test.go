package simulation

import (
	"bytes"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
)

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // made of texts and numbers: cannot fail
	}
	return text
}

// decode reads what the code under test, or this package, wrote.
func decode(text []byte, into any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		panic(err)
	}
}

// plainJSON is an object with its numbers as int64, as plainItem has them.
func plainJSON(text []byte) map[string]any {
	var object map[string]any
	decode(text, &object)
	return integers(object).(map[string]any)
}

func integers(value any) any {
	switch v := value.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			panic(err)
		}
		return n
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = integers(v[name])
		}
	}
	return value
}

// proxied is API Gateway's event for a signed-in user.
func proxied(method, resource, user string, edit func(*events.APIGatewayProxyRequest)) []byte {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: method}
	r.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": user}}
	edit(&r)
	return encode(r)
}

// readProxied takes an answer to API Gateway apart; the body is nil unless the status is one of success.
func readProxied(answered []byte) (status int, body map[string]any) {
	var response events.APIGatewayProxyResponse
	decode(answered, &response)
	if response.StatusCode < 300 {
		body = plainJSON([]byte(response.Body))
	}
	return response.StatusCode, body
}
