package load

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/require"

	"orders/internal/dynamo"
	"orders/internal/order"
	"orders/internal/order/ordertest"
)

// reach is the real adapter in front of a table.
func reach(t *testing.T, tb *table) *dynamo.Store {
	t.Helper()
	s, err := startServer(tb)
	require.NoError(t, err)
	cfg := aws.Config{Region: region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
	})}
	client := dynamo.NewClient(cfg, s.url, dynamo.Timing{Attempt: 10 * time.Second, FirstDelay: time.Millisecond, MaxDelay: time.Millisecond})
	t.Cleanup(func() {
		client.Options().HTTPClient.(*http.Client).CloseIdleConnections()
		require.NoError(t, s.close())
	})
	return &dynamo.Store{Client: client, Table: "orders"}
}

func TestTheTableKeepsOrders(t *testing.T) {
	store := reach(t, &table{marks: &marks{}})
	o := ordertest.Sample()
	existing, err := store.Create(t.Context(), o)
	require.NoError(t, err)
	require.Nil(t, existing)

	existing, err = store.Create(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, o.OrderID, existing.OrderID, "a second one meets the first")

	read, err := store.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
	read.Document = nil
	require.Equal(t, o, read)
	_, err = store.Get(t.Context(), order.IDFor("none"))
	require.ErrorIs(t, err, order.ErrNotFound)
}

func TestTheTableListsInPages(t *testing.T) {
	store := reach(t, &table{marks: &marks{}})
	want := map[string]bool{}
	var user string
	for i := range 5 {
		o := ordertest.Sample()
		if i == 0 {
			user = o.UserID
		}
		o.UserID, want[o.OrderID] = user, true
		_, err := store.Create(t.Context(), o)
		require.NoError(t, err)
	}
	got := map[string]bool{}
	for after, more := (*order.Position)(nil), true; more; more = after != nil {
		page, err := store.List(t.Context(), user, 2, after)
		require.NoError(t, err)
		for _, o := range page.Orders {
			got[o.OrderID] = true
		}
		after = page.Next
	}
	require.Equal(t, want, got)
}

func TestAThrottledWriteIsTriedAgainByTheAdapter(t *testing.T) {
	attempts := 0
	tb := &table{share: 0.5, marks: &marks{}, random: func() float64 {
		if attempts++; attempts <= 4 {
			return 0.4
		}
		return 0.6
	}}
	o := ordertest.Sample()
	_, err := reach(t, tb).Create(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 5, attempts, "more than three, as long as there is time")
	require.Len(t, tb.marks.list(), 4)
	_, err = tb.store.Get(t.Context(), o.OrderID)
	require.NoError(t, err)
}

func TestAHealedTableThrottlesNothing(t *testing.T) {
	tb := &table{share: 1, marks: &marks{}}
	tb.healed.Store(true)
	_, err := reach(t, tb).Create(t.Context(), ordertest.Sample())
	require.NoError(t, err)
	require.Empty(t, tb.marks.list())
}

func TestTheTableRefusesWhatItDoesNotUnderstand(t *testing.T) {
	store := reach(t, &table{marks: &marks{}})
	_, err := store.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
		TableName: aws.String("orders"), Key: map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: "x"}},
	})
	require.ErrorContains(t, err, "UnknownOperationException")
}
