package acceptance

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// cleanUp removes the orders that were made. Nobody but the table can do that, and of a local service it cannot be
// reached. What cannot be removed is no failure of the service: it is told.
func (s *service) cleanUp(t *testing.T) {
	if s.isOwn {
		s.found("nothing is left: the service was started for this, and ends with it")
		return
	}
	if s.isLocal {
		s.found("left behind: %d orders of a customer who does not exist, for as long as the local service keeps them", len(s.made))
		return
	}
	ctx := context.WithoutCancel(t.Context())
	table := dynamodb.NewFromConfig(s.clients)
	for i, orderID := range s.made {
		_, err := table.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: aws.String(s.tableName),
			Key:       map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: orderID}},
		})
		if err != nil {
			s.found("left behind in the table %s, which does not let them be deleted: orders %v (%v)", s.tableName, s.made[i:], err)
			return
		}
	}
	s.found("cleaned up: %d orders are deleted from the table %s", len(s.made), s.tableName)
}
