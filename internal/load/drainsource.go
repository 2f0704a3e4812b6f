package load

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"orders/internal/local/lambda"
)

// A drainSource is the records of a drain as a closed shard. They are about its orders in turn, and each carries its
// position as the order's number.
type drainSource struct{ drain }

// Read is lambda.ShardReader's.
func (s drainSource) Read(ctx context.Context, after string, limit int) ([]lambda.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin := 0
	if after != "" {
		done, err := strconv.Atoi(after)
		if err != nil {
			return nil, err
		}
		begin = done
	}
	end := min(begin+limit, s.records)
	if begin >= end {
		return nil, lambda.ErrShardEnd
	}
	records := make([]lambda.Record, 0, end-begin)
	for position := begin; position < end; position++ {
		records = append(records, lambda.Record{SequenceNumber: sequenceOf(position), Data: s.record(position)})
	}
	return records, nil
}

// sequenceOf counts from 1: a position in the stream is what was read before it.
func sequenceOf(position int) string { return strconv.Itoa(position + 1) }

func (d drain) record(position int) json.RawMessage {
	const event = `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"%s","Keys":{"orderId":{"S":"%d"}},"NewImage":{"number":%s}}}`
	image := fmt.Sprintf(`{"N":"%d"}`, position)
	if position == d.poison {
		image = `{"unknown":"type"}`
	}
	return fmt.Appendf(nil, event, sequenceOf(position), position%d.orders, image)
}

func numberIn(detail json.RawMessage) (int, error) {
	var event struct{ Number int }
	err := json.Unmarshal(detail, &event)
	return event.Number, err
}
