package stream

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go"
)

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isMissing(err error) bool { return is[*types.ResourceNotFoundException](err) }

// quiet is what of an error may stand in a log. The SDK quotes the piece of an answer that it could not read, which
// may be somebody's address. What went wrong on the network says nothing of records.
func quiet(err error) error {
	if is[*smithy.DeserializationError](err) {
		return errors.New("the stream's answer could not be read")
	}
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		return errors.New(failure.ErrorCode() + " from the stream")
	}
	return err
}
