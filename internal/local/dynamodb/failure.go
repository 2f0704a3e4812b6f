package dynamodb

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isMissing(err error) bool { return is[*types.ResourceNotFoundException](err) }
