package dynamodb

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/local/lambda"
	"orders/internal/strictjson"
)

// A StreamRecord is a stream record as Lambda passes it to a function. Unlike in the stream's own
// API, it names the stream, and the members of its userIdentity begin with a small letter.
type StreamRecord struct {
	EventID        string        `json:"eventID"`
	EventName      string        `json:"eventName"`
	EventVersion   string        `json:"eventVersion"`
	EventSource    string        `json:"eventSource"`
	AWSRegion      string        `json:"awsRegion"`
	Change         Change        `json:"dynamodb"`
	EventSourceARN string        `json:"eventSourceARN"`
	UserIdentity   *UserIdentity `json:"userIdentity,omitempty"`
}

// A Change is what a StreamRecord says about an item. Keys and images are in DynamoDB's JSON.
type Change struct {
	ApproximateCreationDateTime float64         `json:",omitempty"` // seconds since 1970
	Keys                        json.RawMessage `json:",omitempty"`
	NewImage                    json.RawMessage `json:",omitempty"`
	OldImage                    json.RawMessage `json:",omitempty"`
	SequenceNumber              string
	SizeBytes                   int64
	StreamViewType              types.StreamViewType
}

// A UserIdentity says that DynamoDB itself made the change, because the item's time to live ended.
type UserIdentity struct {
	PrincipalID string `json:"principalId"`
	Type        string `json:"type"`
}

// LambdaRecord returns the record for a mapping.
func (r StreamRecord) LambdaRecord() (lambda.Record, error) {
	data, err := strictjson.Marshal(r) // without HTML escaping, so that texts keep their size
	if err != nil {
		return lambda.Record{}, fmt.Errorf("encode stream record %s: %w", r.Change.SequenceNumber, err)
	}
	return lambda.Record{SequenceNumber: r.Change.SequenceNumber, Data: data}, nil
}

func lambdaRecord(r types.Record, streamARN string) (lambda.Record, error) {
	out := StreamRecord{
		EventID:        aws.ToString(r.EventID),
		EventName:      string(r.EventName),
		EventVersion:   aws.ToString(r.EventVersion),
		EventSource:    aws.ToString(r.EventSource),
		AWSRegion:      aws.ToString(r.AwsRegion),
		EventSourceARN: streamARN,
	}
	if r.Dynamodb != nil {
		change, err := changeOf(*r.Dynamodb)
		if err != nil {
			return lambda.Record{}, err
		}
		out.Change = change
	}
	if r.UserIdentity != nil {
		out.UserIdentity = &UserIdentity{aws.ToString(r.UserIdentity.PrincipalId), aws.ToString(r.UserIdentity.Type)}
	}
	return out.LambdaRecord()
}

func changeOf(r types.StreamRecord) (Change, error) {
	c := Change{
		SequenceNumber: aws.ToString(r.SequenceNumber),
		SizeBytes:      aws.ToInt64(r.SizeBytes),
		StreamViewType: r.StreamViewType,
	}
	if at := r.ApproximateCreationDateTime; at != nil {
		c.ApproximateCreationDateTime = float64(at.UnixMilli()) / 1000
	}
	for to, attributes := range map[*json.RawMessage]map[string]types.AttributeValue{
		&c.Keys: r.Keys, &c.NewImage: r.NewImage, &c.OldImage: r.OldImage,
	} {
		if attributes == nil {
			continue
		}
		var err error
		if *to, err = strictjson.Marshal(members(attributes)); err != nil {
			return Change{}, fmt.Errorf("encode stream record %s: %w", c.SequenceNumber, err)
		}
	}
	return c, nil
}

// A value is an attribute value in DynamoDB's JSON: an object whose only name is the type.
type value map[string]any

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
	return nil // an unknown type becomes null, which is not a valid value for any function
}

// members never returns nil, which would become null in JSON.
func members(attributes map[string]types.AttributeValue) map[string]value {
	out := make(map[string]value, len(attributes))
	for name, attribute := range attributes {
		out[name] = valueOf(attribute)
	}
	return out
}

// each never returns nil, for the same reason.
func each[From, To any](values []From, convert func(From) To) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = convert(v)
	}
	return out
}
