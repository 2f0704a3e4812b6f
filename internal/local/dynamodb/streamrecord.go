package dynamodb

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"orders/internal/local/lambda"
	"orders/internal/strictjson"
)

// A record is a change as Lambda hands it to a function. Other than in the stream's own API, it names the stream, and
// its userIdentity has members that begin with a small letter.
type record struct {
	EventID        string    `json:"eventID"`
	EventName      string    `json:"eventName"`
	EventVersion   string    `json:"eventVersion"`
	EventSource    string    `json:"eventSource"`
	AWSRegion      string    `json:"awsRegion"`
	Change         change    `json:"dynamodb"`
	EventSourceARN string    `json:"eventSourceARN"`
	UserIdentity   *identity `json:"userIdentity,omitempty"`
}

type change struct {
	ApproximateCreationDateTime float64 `json:",omitempty"` // seconds since 1970
	Keys                        image   `json:",omitzero"`
	NewImage                    image   `json:",omitzero"`
	OldImage                    image   `json:",omitzero"`
	SequenceNumber              string
	SizeBytes                   int64
	StreamViewType              types.StreamViewType
}

// An identity says that not a user but DynamoDB itself made the change: it removes items that have had their time.
type identity struct {
	PrincipalID string `json:"principalId"`
	Type        string `json:"type"`
}

func lambdaRecord(r types.Record, streamARN string) (lambda.Record, error) {
	out := record{
		EventID:        aws.ToString(r.EventID),
		EventName:      string(r.EventName),
		EventVersion:   aws.ToString(r.EventVersion),
		EventSource:    aws.ToString(r.EventSource),
		AWSRegion:      aws.ToString(r.AwsRegion),
		EventSourceARN: streamARN,
	}
	if r.Dynamodb != nil {
		out.Change = changeOf(*r.Dynamodb)
	}
	if r.UserIdentity != nil {
		out.UserIdentity = &identity{aws.ToString(r.UserIdentity.PrincipalId), aws.ToString(r.UserIdentity.Type)}
	}
	data, err := strictjson.Marshal(out)
	if err != nil {
		return lambda.Record{}, fmt.Errorf("record %s: %w", out.Change.SequenceNumber, err)
	}
	return lambda.Record{SequenceNumber: out.Change.SequenceNumber, Data: data}, nil
}

func changeOf(r types.StreamRecord) change {
	c := change{
		Keys:           imageOf(r.Keys),
		NewImage:       imageOf(r.NewImage),
		OldImage:       imageOf(r.OldImage),
		SequenceNumber: aws.ToString(r.SequenceNumber),
		SizeBytes:      aws.ToInt64(r.SizeBytes),
		StreamViewType: r.StreamViewType,
	}
	if at := r.ApproximateCreationDateTime; at != nil {
		c.ApproximateCreationDateTime = float64(at.UnixMilli()) / 1000
	}
	return c
}
