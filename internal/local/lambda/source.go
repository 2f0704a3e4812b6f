package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Record is one change in a stream.
type Record struct {
	SequenceNumber string          // decimal, of any length
	Data           json.RawMessage // the record as it stands in the "Records" of a Lambda event
}

// ErrShardEnd is a Source's word for a closed shard that has been read to its end. It is not io.EOF, which lost
// connections also bring forth.
var ErrShardEnd = errors.New("shard has been read to its end")

// Source is one shard of a stream.
type ShardReader interface {
	// Read returns the records that follow the sequence number after, in ascending order, at least one and at most
	// limit; an empty after means from the oldest record there is. It waits until there is a record or ctx ends, and
	// then returns ctx's error. Once the shard is closed and its last record lies at or before after, it returns
	// ErrShardEnd. Any other error is taken for a passing one: the StreamMapping asks again, after a wait.
	//
	// The records stay readable until the StreamMapping has checkpointed them, however often they are asked for. A StreamMapping
	// never calls Read while another call of its own is under way.
	Read(ctx context.Context, after string, limit int) ([]Record, error)
}

// CompareSequenceNumbers orders two sequence numbers as numbers, whatever their length and leading zeros: negative when a comes
// before b, zero when they are the same number.
func CompareSequenceNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// checkOrder guards the mapping against a source that breaks its contract: a position that went back or stood still
// would hand over the same records for ever, or skip some.
func checkOrder(after string, records []Record) error {
	if len(records) == 0 {
		return fmt.Errorf("source returned no records")
	}
	for _, record := range records {
		if record.SequenceNumber == "" || after != "" && CompareSequenceNumbers(record.SequenceNumber, after) <= 0 {
			return fmt.Errorf("source returned sequence number %q after %q", record.SequenceNumber, after)
		}
		after = record.SequenceNumber
	}
	return nil
}
