package sqs

import (
	"cmp"
	"net/http"
)

type startMessageMoveTaskInput struct {
	SourceARN                    string `json:"SourceArn"`
	DestinationARN               string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond int
}

func (s *Service) startMessageMoveTask(_ *http.Request, in startMessageMoveTaskInput) (any, error) {
	source, err := s.queueByARN(in.SourceARN)
	if err != nil {
		return nil, err
	}
	var destination *Queue
	if in.DestinationARN != "" {
		if destination, err = s.queueByARN(in.DestinationARN); err != nil {
			return nil, err
		}
	}
	if in.MaxNumberOfMessagesPerSecond < 0 || in.MaxNumberOfMessagesPerSecond > moveBatch {
		return nil, invalidParameter("Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.")
	}
	t, err := s.startMoveTask(source, destination, in.MaxNumberOfMessagesPerSecond)
	if err != nil {
		return nil, &apiError{code: "com.amazonaws.sqs#UnsupportedOperation", query: "AWS.SimpleQueueService.UnsupportedOperation", message: err.Error()}
	}
	return map[string]string{"TaskHandle": t.handle}, nil
}

type listMessageMoveTasksInput struct {
	SourceARN  string `json:"SourceArn"`
	MaxResults int
}

type moveTaskResult struct {
	TaskHandle                        string `json:",omitempty"` // only of a task that is running
	Status                            string
	SourceARN                         string `json:"SourceArn"`
	DestinationARN                    string `json:"DestinationArn,omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64
}

func (s *Service) listMessageMoveTasks(_ *http.Request, in listMessageMoveTasksInput) (any, error) {
	source, err := s.queueByARN(in.SourceARN)
	if err != nil {
		return nil, err
	}
	tasks := s.moveTasks(source)
	results := []moveTaskResult{}
	for _, t := range tasks[:min(len(tasks), cmp.Or(in.MaxResults, 1), maxTasks)] {
		result := moveTaskResult{
			Status: t.status, SourceARN: t.source.ARN(), MaxNumberOfMessagesPerSecond: t.perSecond,
			ApproximateNumberOfMessagesMoved: t.moved, ApproximateNumberOfMessagesToMove: t.toMove,
			FailureReason: t.reason, StartedTimestamp: t.started.UnixMilli(),
		}
		if t.status == taskRunning {
			result.TaskHandle = t.handle
		}
		if t.destination != nil {
			result.DestinationARN = t.destination.ARN()
		}
		results = append(results, result)
	}
	return map[string]any{"Results": results}, nil
}
