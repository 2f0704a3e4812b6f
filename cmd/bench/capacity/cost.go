package main

import (
	"fmt"
	"io"
)

const (
	million       = 1e6
	secondsPerDay = 86_400
	memoryGB      = 0.5 // of each function
)

// A cost is what a million orders take of something, and its list price in eu-west-1 (arm64 for
// Lambda).
type cost struct {
	what   string
	amount float64 // in units
	unit   string
	price  float64 // of a million units, in US$
}

func (c cost) dollars() float64 { return c.amount / million * c.price }

func costs() []cost {
	const (
		duration = createTime + readTime + updates*updateTime + changes*shortestTime // of one order, in seconds
		requests = apiRequests + updates + changes
		queue    = 3 // requests for a message: send, receive, delete
	)
	return []cost{
		{"Lambda: duration", million * duration * memoryGB, "GB-seconds", 13.33},
		{"Lambda: requests", million * requests, "requests", 0.20},
		{"API Gateway: the create and the read", million * apiRequests, "requests", 3.50},
		{"DynamoDB: three writes of 2 KB, each to table and index", million * changes * 2 * itemUnits, "write units", 0.705},
		{"DynamoDB: three strongly consistent reads", million * changes, "read units", 0.1415},
		{"EventBridge: three events published", million * changes, "events", 1.00},
		{"SQS: two updates", million * updates * queue, "requests", 0.40},
	}
}

// total returns what a million orders cost, in US$.
func total() (sum float64) {
	for _, c := range costs() {
		sum += c.dollars()
	}
	return sum
}

// writeCosts writes a table of what a million orders cost.
func writeCosts(out io.Writer) {
	row(out, "what", "how much", "at, a million", "US$")
	fmt.Fprintln(out, "|---|---|---|---|")
	for _, c := range costs() {
		row(out, c.what, number(c.amount)+" "+c.unit, fmt.Sprintf("%.4g", c.price), fmt.Sprintf("%.2f", c.dollars()))
	}
	row(out, "together", "", "", fmt.Sprintf("%.2f", total()))
}
