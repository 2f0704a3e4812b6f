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

// fixEmptyMaps corrects a fault in DynamoDB Local's stream: it writes an empty map as {} instead of
// {"M":{}}. The SDK, which finds no type there, repeats the value that it read before: the image
// would contain a value of another attribute.
func fixEmptyMaps(o *dynamodbstreams.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Insert(middleware.DeserializeMiddlewareFunc("FixEmptyMaps", fixResponse), "OperationDeserializer", middleware.After)
	})
}

func fixResponse(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok {
		return out, metadata, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return out, metadata, fmt.Errorf("read response: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(fixBody(body)))
	return out, metadata, nil
}

// fixBody adds the type of the empty maps in a response of GetRecords. Any other text is returned
// unchanged.
func fixBody(body []byte) []byte {
	if !bytes.Contains(body, []byte("{}")) {
		return body
	}
	var response map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&response); err != nil {
		return body
	}
	records, _ := response["Records"].([]any)
	for _, record := range records {
		record, _ := record.(map[string]any)
		change, _ := record["dynamodb"].(map[string]any)
		for _, name := range []string{"Keys", "NewImage", "OldImage"} {
			image, _ := change[name].(map[string]any)
			fixMap(image)
		}
	}
	fixed, err := json.Marshal(response)
	if err != nil {
		return body
	}
	return fixed
}

func fixMap(attributes map[string]any) {
	for name, attribute := range attributes {
		attributes[name] = fixValue(attribute)
	}
}

func fixValue(attribute any) any {
	typed, isObject := attribute.(map[string]any)
	if isObject && len(typed) == 0 {
		return map[string]any{"M": typed}
	}
	members, _ := typed["M"].(map[string]any)
	fixMap(members)
	list, _ := typed["L"].([]any)
	for i, element := range list {
		list[i] = fixValue(element)
	}
	return attribute
}
