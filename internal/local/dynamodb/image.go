package dynamodb

import (
	"encoding/base64"

	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

// An image is attributes in DynamoDB's JSON, each value in an object that names its type. Nil is no image.
type image map[string]value

type value map[string]any

func imageOf(attributes map[string]types.AttributeValue) image {
	if attributes == nil {
		return nil
	}
	return members(attributes)
}

// members is never nil, which would come out as null.
func members(attributes map[string]types.AttributeValue) image {
	out := make(image, len(attributes))
	for name, attribute := range attributes {
		out[name] = valueOf(attribute)
	}
	return out
}

func valueOf(attribute types.AttributeValue) value {
	switch a := attribute.(type) {
	case *types.AttributeValueMemberS:
		return value{"S": a.Value}
	case *types.AttributeValueMemberN:
		return value{"N": a.Value}
	case *types.AttributeValueMemberB:
		return value{"B": base64.StdEncoding.EncodeToString(a.Value)}
	case *types.AttributeValueMemberBOOL:
		return value{"BOOL": a.Value}
	case *types.AttributeValueMemberNULL:
		return value{"NULL": a.Value}
	case *types.AttributeValueMemberSS:
		return value{"SS": a.Value}
	case *types.AttributeValueMemberNS:
		return value{"NS": a.Value}
	case *types.AttributeValueMemberBS:
		return value{"BS": each(a.Value, base64.StdEncoding.EncodeToString)}
	case *types.AttributeValueMemberL:
		return value{"L": each(a.Value, valueOf)}
	case *types.AttributeValueMemberM:
		return value{"M": members(a.Value)}
	}
	return nil // a type that this version does not know comes out as null, which no function takes for a value
}

// each is never nil either.
func each[From, To any](values []From, convert func(From) To) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = convert(v)
	}
	return out
}
