package sqs

import "cmp"

// A message is a Message with its place in a queue.
type message struct {
	Message
	arrival int // breaks ties
	index   int // in order
}

// byVisibility is a heap of messages, those that become visible first at its top.
type byVisibility []*message

func (b byVisibility) Len() int { return len(b) }
func (b byVisibility) Less(i, j int) bool {
	return cmp.Or(b[i].VisibleAt.Compare(b[j].VisibleAt), cmp.Compare(b[i].arrival, b[j].arrival)) < 0
}
func (b byVisibility) Swap(i, j int) {
	b[i], b[j] = b[j], b[i]
	b[i].index, b[j].index = i, j
}
func (b *byVisibility) Push(m any) {
	m.(*message).index = len(*b)
	*b = append(*b, m.(*message))
}
func (b *byVisibility) Pop() any {
	last := len(*b) - 1
	m := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	return m
}
