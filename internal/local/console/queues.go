package console

import (
	"encoding/json"
	"net/http"
	"time"

	"orders/internal/local/lambda"
	"orders/internal/local/sqs"
)

// A queueView is one queue with its first messages.
type queueView struct {
	Name     string
	Messages []messageView
	Total    int
}

type messageView struct {
	sqs.Message
	OrderIDs []string
	Why      string // it failed
	Title    string
	Waiting  string // until when it is not visible
}

// maxMessages is the number of messages that are shown of a queue.
const maxMessages = 50

type queuesView struct {
	DeadLetters []queueView
	Queues      []queueView
	Empty       bool // whether there is no dead letter
	Oldest      time.Time
}

func (c *console) serveQueues(w http.ResponseWriter, r *http.Request) {
	v := queuesView{Empty: true}
	for _, name := range c.DeadLetterQueues {
		q := c.queue(name)
		v.DeadLetters = append(v.DeadLetters, q)
		v.Empty = v.Empty && q.Total == 0
	}
	for _, name := range c.WorkQueues {
		v.Queues = append(v.Queues, c.queue(name))
	}
	c.render(w, r, "queue", http.StatusOK, "Queue and dead letters", v)
}

func (c *console) queue(name string) queueView {
	messages := c.Queues.Queue(name).Messages()
	v := queueView{Name: name, Total: len(messages)}
	for _, m := range messages[:min(maxMessages, len(messages))] {
		var event struct {
			DetailType string               `json:"detail-type"`
			Resources  []string             `json:"resources"`
			Batch      *lambda.BatchPointer `json:"DDBStreamBatchInfo"`
		}
		_ = json.Unmarshal([]byte(m.Body), &event) // what is not an event is shown as it is
		shown := messageView{Message: m, OrderIDs: event.Resources, Title: event.DetailType, Why: m.LastError}
		for _, id := range event.Resources {
			if logged := c.Recorder.lastErrorOf(id); logged != "" {
				shown.Why = logged
			}
		}
		switch {
		case event.Batch != nil:
			shown.Title = "Stream record " + event.Batch.StartSequenceNumber
		case shown.Title == "":
			shown.Title = "Message"
		}
		if wait := time.Until(m.VisibleAt); wait > 0 {
			shown.Waiting = formatMilliseconds(wait)
		}
		v.Messages = append(v.Messages, shown)
	}
	return v
}

// changeQueue redrives or deletes a dead letter. A redrive sends it to the queue that it came from.
func (c *console) changeQueue(w http.ResponseWriter, r *http.Request) {
	queue := c.Queues.Queue(r.FormValue("queue"))
	if queue == nil {
		http.Error(w, "Unknown queue", http.StatusBadRequest)
		return
	}
	id := r.FormValue("id")
	switch r.FormValue("action") {
	case "redrive":
		letter := messageOf(queue, id)
		if letter == nil { // redriven or deleted from another page
			break
		}
		if letter.SourceQueue == "" {
			http.Error(w, "The message did not come from a queue, and cannot be redriven", http.StatusBadRequest)
			return
		}
		if err := c.Queues.SendMessage(sqs.Message{Body: letter.Body, Attributes: letter.Attributes}, letter.SourceQueue); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	case "delete":
	default:
		http.Error(w, "The action must be redrive or delete", http.StatusBadRequest)
		return
	}
	if _, _, err := queue.Remove(id); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, Path+"queue", http.StatusSeeOther)
}

// messageOf returns the message of a queue with this ID, or nil if it is gone.
func messageOf(queue *sqs.Queue, id string) *sqs.Message {
	for _, m := range queue.Messages() {
		if m.ID == id {
			return &m
		}
	}
	return nil
}
