package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// mendAnswers makes a call read what DynamoDB Local answers. Its stream writes an empty map as {} and not as
// {"M":{}}, and the SDK, finding no type there, repeats the value that it read before: the image would be another's.
func mendAnswers(o *dynamodbstreams.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("MendEmptyMaps", mendAnswer), "OperationDeserializer", middleware.After)
	})
}

func mendAnswer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return out, metadata, fmt.Errorf("answer broke off: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(mend(body)))
	return out, metadata, nil
}

// mend gives the empty maps in an answer of GetRecords their type. What is no such answer stays as it is.
func mend(body []byte) []byte {
	if !bytes.Contains(body, []byte("{}")) {
		return body
	}
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return body
	}
	records, _ := answer["Records"].([]any)
	for _, record := range records {
		record, _ := record.(map[string]any)
		change, _ := record["dynamodb"].(map[string]any)
		for _, name := range []string{"Keys", "NewImage", "OldImage"} {
			image, _ := change[name].(map[string]any)
			mendMap(image)
		}
	}
	mended, err := json.Marshal(answer)
	if err != nil {
		return body
	}
	return mended
}

func mendMap(attributes map[string]any) {
	for name, attribute := range attributes {
		attributes[name] = mendValue(attribute)
	}
}

func mendValue(attribute any) any {
	typed, isObject := attribute.(map[string]any)
	if isObject && len(typed) == 0 {
		return map[string]any{"M": typed}
	}
	members, _ := typed["M"].(map[string]any)
	mendMap(members)
	list, _ := typed["L"].([]any)
	for i, element := range list {
		list[i] = mendValue(element)
	}
	return attribute
}
