package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An item is what the table holds under one key.
type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// textOf returns an attribute that is a string, or "".
func textOf(i item, name string) string {
	if s, ok := i[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// plain returns a value as in JSON, with numbers as int64.
func plain(value types.AttributeValue) any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			panic(err) // only integers are written
		}
		return n
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberM:
		return plainItem(v.Value)
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for n, element := range v.Value {
			list[n] = plain(element)
		}
		return list
	}
	panic(fmt.Sprintf("the simulated table has no values of type %T", value))
}

func plainItem(i item) map[string]any {
	object := make(map[string]any, len(i))
	for name, value := range i {
		object[name] = plain(value)
	}
	return object
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return text
}

// decode decodes what the code under test, or this package, encoded.
func decode(text []byte, into any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		panic(err)
	}
}

// plainJSON returns an object with its numbers as int64, like plainItem.
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

// proxied returns API Gateway's event for a signed-in user.
func proxied(method, resource, user string, edit func(*events.APIGatewayProxyRequest)) []byte {
	r := events.APIGatewayProxyRequest{Resource: resource, Path: resource, HTTPMethod: method}
	r.RequestContext.Authorizer = map[string]any{"claims": map[string]any{"sub": user}}
	edit(&r)
	return encode(r)
}

// readProxied returns the status and the body of a response to API Gateway; the body is nil unless
// it succeeded.
func readProxied(response []byte) (status int, body map[string]any) {
	var r events.APIGatewayProxyResponse
	decode(response, &r)
	if r.StatusCode < 300 {
		body = plainJSON([]byte(r.Body))
	}
	return r.StatusCode, body
}
