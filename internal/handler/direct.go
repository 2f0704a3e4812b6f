package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"orders/internal/order"
	"orders/internal/strictjson"
)

// maxUserIDBytes is the longest key that the table's user index takes.
const maxUserIDBytes = 2048

// A directAnswer is what a direct invocation is answered with, whatever became of it.
type directAnswer struct {
	Success bool     `json:"success"`
	Message string   `json:"message"`
	Order   any      `json:"order,omitempty"`
	Errors  []string `json:"errors,omitempty"`
}

func (h *CreateOrder) direct(ctx context.Context, event []byte) ([]byte, error) {
	userID, body, err := readDirect(event)
	if err == nil {
		var stored order.Order
		if stored, _, err = h.create(ctx, userID, body); err == nil {
			return strictjson.Marshal(directAnswer{Success: true, Message: "Order created", Order: whole(stored)})
		}
	}
	e, ok := errors.AsType[*order.Error](err)
	if !ok {
		e = order.StoreError(err)
	}
	return strictjson.Marshal(directAnswer{Message: e.Message, Errors: e.Details})
}

// readDirect takes a direct event apart. The order's bytes stay as they were sent, so that their size is the
// sender's and every fault in them is found.
func readDirect(event []byte) (userID string, body []byte, err error) {
	var faults []string
	members, err := strictjson.Members(event)
	if err != nil {
		faults = append(faults, "event: "+err.Error())
	} else {
		for _, name := range []string{"order", "userId"} {
			if _, ok := members[name]; !ok {
				faults = append(faults, fmt.Sprintf("Missing %s in event", name))
			}
		}
	}
	if faults == nil {
		switch err := json.Unmarshal(members["userId"], &userID); {
		case err != nil || userID == "":
			faults = append(faults, "userId in event must be a string that is not empty")
		case len(userID) > maxUserIDBytes:
			faults = append(faults, fmt.Sprintf("userId in event must be at most %d bytes", maxUserIDBytes))
		}
	}
	if faults != nil {
		return "", nil, &order.Error{Kind: order.Invalid, Message: "Invalid event", Details: faults}
	}
	return userID, members["order"], nil
}
