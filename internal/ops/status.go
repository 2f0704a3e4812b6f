package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A StackStatus is the state of a stack. What has no source, such as alarms of a local service, is
// null.
type StackStatus struct {
	Alarms             []Alarm         `json:"alarms"` // active ones
	Queues             []QueueStatus   `json:"queues"`
	IteratorAgeSeconds *float64        `json:"iteratorAgeSeconds"` // of the table's stream
	Functions          []FunctionState `json:"functions"`
}

// An Alarm is an active alarm.
type Alarm struct {
	Name   string    `json:"name"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason"`
}

// A QueueStatus is the state of a queue. Its numbers are approximate.
type QueueStatus struct {
	Name             string   `json:"name"` // as in Stack
	Visible          int      `json:"visible"`
	InFlight         int      `json:"inFlight"`
	OldestAgeSeconds *float64 `json:"oldestAgeSeconds"`
}

// A FunctionState is the version of a function that callers invoke.
type FunctionState struct {
	Name    string `json:"name"` // of the binary
	Version string `json:"version"`
	Since   string `json:"since"`  // when the version was published
	Commit  string `json:"commit"` // from which it was built; empty if it has not started lately
}

// Status returns the state of the stack.
func (o *Operator) Status(ctx context.Context) (StackStatus, error) {
	status := StackStatus{Queues: []QueueStatus{}, Functions: []FunctionState{}}
	for _, q := range o.queues() {
		attributes, err := o.queueAttributes(ctx, q.url)
		if err != nil {
			return StackStatus{}, err
		}
		status.Queues = append(status.Queues, QueueStatus{
			Name:     q.name,
			Visible:  attributes.count(types.QueueAttributeNameApproximateNumberOfMessages),
			InFlight: attributes.count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),

			OldestAgeSeconds: attributes.localAge(),
		})
	}
	for _, name := range slices.Sorted(maps.Keys(o.Functions)) {
		state, err := o.functionState(ctx, name)
		if err != nil {
			return StackStatus{}, err
		}
		status.Functions = append(status.Functions, state)
	}
	if o.Stack.Alarms == "" {
		return status, nil // there is no CloudWatch
	}
	if err := o.addCommits(ctx, status.Functions); err != nil {
		return StackStatus{}, err
	}
	var err error
	if status.Alarms, err = o.activeAlarms(ctx); err != nil {
		return StackStatus{}, err
	}
	return status, o.addMetrics(ctx, &status)
}

// commitsSince is how far back addCommits looks. A function logs its commit when it starts.
const commitsSince = 7 * 24 * time.Hour

// addCommits adds the commits that the versions of functions have logged. The names of log streams
// contain the version.
func (o *Operator) addCommits(ctx context.Context, functions []FunctionState) error {
	failures := make([]error, len(functions))
	var running sync.WaitGroup
	for i := range functions {
		running.Go(func() {
			f := &functions[i]
			results, err := o.query(ctx, []string{o.Functions[f.Name].LogGroup}, o.now().Add(-commitsSince), fmt.Sprintf(
				`fields commit | filter ispresent(commit) and @logStream like "[%s]" | sort @timestamp desc | limit 1`, f.Version))
			for _, fields := range results {
				for _, field := range fields {
					if aws.ToString(field.Field) == "commit" {
						f.Commit = aws.ToString(field.Value)
					}
				}
			}
			failures[i] = err
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

type namedQueue struct{ name, url string }

func (o *Operator) queues() []namedQueue {
	all := []namedQueue{
		{"updates", o.Queues.Updates}, {"updates-dead-letters", o.Queues.UpdateDeadLetters}, {"records-dead-letters", o.Queues.RecordDeadLetters},
	}
	return slices.DeleteFunc(all, func(q namedQueue) bool { return q.url == "" })
}

func (o *Operator) activeAlarms(ctx context.Context) ([]Alarm, error) {
	alarms := []Alarm{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(o.CloudWatch, &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(o.Stack.Alarms), StateValue: cloudwatchtypes.StateValueAlarm,
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe alarms %s*: %w", o.Stack.Alarms, err)
		}
		for _, a := range page.MetricAlarms {
			alarms = append(alarms, Alarm{aws.ToString(a.AlarmName), aws.ToTime(a.StateTransitionedTimestamp), aws.ToString(a.StateReason)})
		}
		for _, a := range page.CompositeAlarms {
			alarms = append(alarms, Alarm{aws.ToString(a.AlarmName), aws.ToTime(a.StateTransitionedTimestamp), aws.ToString(a.StateReason)})
		}
	}
	slices.SortFunc(alarms, func(a, b Alarm) int { return a.Since.Compare(b.Since) })
	return alarms, nil
}

// addMetrics adds what only CloudWatch knows: the ages.
func (o *Operator) addMetrics(ctx context.Context, status *StackStatus) error {
	const iterator = "iterator"
	queries := []cloudwatchtypes.MetricDataQuery{latest(iterator, "AWS/Lambda", "IteratorAge", "FunctionName", o.Functions["table-update"].Name)}
	for i, q := range o.queues() {
		name := q.url[strings.LastIndex(q.url, "/")+1:]
		queries = append(queries, latest(fmt.Sprintf("queue%d", i), "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name))
	}
	now := o.now()
	output, err := o.CloudWatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-15 * time.Minute)), EndTime: aws.Time(now), MetricDataQueries: queries,
		ScanBy: cloudwatchtypes.ScanByTimestampDescending,
	})
	if err != nil {
		return fmt.Errorf("get metrics: %w", err)
	}
	for _, result := range output.MetricDataResults {
		if len(result.Values) == 0 {
			continue
		}
		value := result.Values[0]
		if id := aws.ToString(result.Id); id == iterator {
			status.IteratorAgeSeconds = aws.Float64(math.Round(value) / 1000)
		} else {
			var i int
			if _, err := fmt.Sscanf(id, "queue%d", &i); err == nil && i < len(status.Queues) {
				status.Queues[i].OldestAgeSeconds = aws.Float64(value)
			}
		}
	}
	return nil
}

func latest(id, namespace, metric, dimension, value string) cloudwatchtypes.MetricDataQuery {
	return cloudwatchtypes.MetricDataQuery{Id: aws.String(id), MetricStat: &cloudwatchtypes.MetricStat{
		Period: aws.Int32(60), Stat: aws.String("Maximum"),
		Metric: &cloudwatchtypes.Metric{Namespace: aws.String(namespace), MetricName: aws.String(metric), Dimensions: []cloudwatchtypes.Dimension{
			{Name: aws.String(dimension), Value: aws.String(value)},
		}},
	}}
}
