package main

import "math"

// What one order causes if it goes its usual way: a create, a read by delivery, and the updates of
// warehouse and delivery.
const (
	apiRequests = 2 // the create and the read
	updates     = 2
	changes     = 3 // of the table: the create and the updates
	itemUnits   = 2 // write units of an item of up to 2 KB
	targets     = 2 // of each published event, on average: rules of other services that match it
)

// Durations at 512 MB in seconds, as `make bench` measured them with the CPU of that memory size: a
// create, a read, an update, and a batch of stream records.
const (
	createTime   = 0.026
	readTime     = 0.0046
	updateTime   = 0.009
	batchTime    = 0.021  // of batchRecords records
	shortestTime = 0.0068 // of a batch of one record
	batchRecords = 100

	lanes = 4 // batches of one shard at once: ParallelizationFactor in the template
)

// The parts of a partitioned table. A new table on demand has four partitions; each takes 1,000
// write units a second, and has one open shard in the stream.
const (
	newPartitions  = 4
	partitionUnits = 1000
)

// A quota is a limit that AWS publishes, with its default in eu-west-1, and the load that a rate
// puts on it.
type quota struct {
	what   string
	limit  float64
	source string
	load   func(rate float64) float64
}

// share returns the part of the quota that a rate uses.
func (q quota) share(rate float64) float64 { return q.load(rate) / q.limit }

// first returns the quota that gives way first: of which a rate uses the largest share.
func first(rate float64) (most quota) {
	for _, q := range quotas() {
		if most.limit == 0 || q.share(rate) > most.share(rate) {
			most = q
		}
	}
	return most
}

func quotas() []quota {
	const docs = "https://docs.aws.amazon.com/"
	times := func(n float64) func(float64) float64 { return func(rate float64) float64 { return n * rate } }
	return []quota{
		{"API Gateway: requests a second", 10_000, docs + "apigateway/latest/developerguide/limits.html", times(apiRequests)},
		{"Lambda: invocations in flight", 1000, docs + "lambda/latest/dg/gettingstarted-limits.html", inFlight},
		{"Lambda: invocations a second, ten for each in flight", 10_000, docs + "lambda/latest/dg/lambda-concurrency.html", invocations},
		{"EventBridge: PutEvents a second", 10_000, docs + "eventbridge/latest/userguide/eb-quota.html", putEvents},
		{"EventBridge: deliveries a second", 18_750, docs + "eventbridge/latest/userguide/eb-quota.html",
			times(changes*targets + updates)},
		{"DynamoDB: write units a second of a new table", newPartitions * partitionUnits,
			docs + "amazondynamodb/latest/developerguide/on-demand-capacity-mode.html", times(changes * itemUnits)},
		{"DynamoDB: write units a second of any table", 40_000,
			docs + "amazondynamodb/latest/developerguide/ServiceQuotas.html", times(changes * itemUnits)},
		{"DynamoDB: write units a second of one user's index partition, for one order in a hundred", partitionUnits,
			docs + "amazondynamodb/latest/developerguide/bp-partition-key-design.html", times(0.01 * changes * itemUnits)},
		{"stream: records a second in each lane", batchRecords / batchTime, docs + "lambda/latest/dg/with-ddb.html", laneRecords},
		{"SQS: batches in flight, one update each", 1000, docs + "lambda/latest/dg/services-sqs-scaling.html",
			times(updates * updateTime)},
	}
}

// partitions returns how many partitions a table needs for a rate.
func partitions(rate float64) float64 {
	return max(newPartitions, math.Ceil(rate*changes*itemUnits/partitionUnits))
}

// laneRecords returns the records a second in each lane, evenly spread.
func laneRecords(rate float64) float64 { return rate * changes / (partitions(rate) * lanes) }

// batches returns how many batches of stream records a second all lanes together process, and how
// many records are in each: those that came while the one before was processed.
func batches(rate float64) (perSecond, records float64) {
	records = min(max(1, laneRecords(rate)*shortestTime), batchRecords)
	return rate * changes / records, records
}

func putEvents(rate float64) float64 {
	const most = 10 // entries in a call
	perSecond, records := batches(rate)
	return perSecond * math.Ceil(records/most)
}

func invocations(rate float64) float64 {
	perSecond, _ := batches(rate)
	return rate*(apiRequests+updates) + perSecond
}

func inFlight(rate float64) float64 {
	perSecond, records := batches(rate)
	return rate*(createTime+readTime+updates*updateTime) + perSecond*batchDuration(records)
}

// batchDuration returns how long a batch takes, between the two that were measured.
func batchDuration(records float64) float64 {
	return shortestTime + (batchTime-shortestTime)*(records-1)/(batchRecords-1)
}
