// Package xray receives the traces of the functions, as the X-Ray daemon does beside a function.
package xray

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
)

// A Segment is a segment document or a subsegment: one timed piece of work.
type Segment struct {
	TraceID     string         `json:"trace_id"`
	ID          string         `json:"id"`
	ParentID    string         `json:"parent_id"`
	Name        string         `json:"name"`
	StartTime   float64        `json:"start_time"` // seconds since 1970
	EndTime     float64        `json:"end_time"`
	Error       bool           `json:"error"`
	Fault       bool           `json:"fault"`
	Throttle    bool           `json:"throttle"`
	Annotations map[string]any `json:"annotations"`
	HTTP        *HTTP          `json:"http"`
	AWS         map[string]any `json:"aws"`
	Cause       *Cause         `json:"cause"`
	Subsegments []Segment      `json:"subsegments"`
}

// HTTP is the request of a segment and the status of its response.
type HTTP struct {
	Request  struct{ Method, URL string } `json:"request"`
	Response struct{ Status int }         `json:"response"`
}

// A Cause says why a segment failed.
type Cause struct {
	Exceptions []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"exceptions"`
}

// A Daemon listens for documents until it is closed.
type Daemon struct {
	connection net.PacketConn
	done       chan struct{}
}

// Listen returns a daemon on a free UDP port of this machine. It calls receive with each document,
// one after the other. Datagrams that are not documents are ignored.
func Listen(receive func(Segment)) (*Daemon, error) {
	connection, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for traces: %w", err)
	}
	d := &Daemon{connection: connection, done: make(chan struct{})}
	go d.run(receive)
	return d, nil
}

// Address returns the value for AWS_XRAY_DAEMON_ADDRESS.
func (d *Daemon) Address() string { return d.connection.LocalAddr().String() }

func (d *Daemon) run(receive func(Segment)) {
	defer close(d.done)
	datagram := make([]byte, 64<<10)
	for {
		n, _, err := d.connection.ReadFrom(datagram)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if segment, ok := parse(datagram[:n]); ok {
			receive(segment)
		}
	}
}

// parse returns the document of a datagram, which follows a line with the format.
func parse(datagram []byte) (Segment, bool) {
	_, document, ok := bytes.Cut(datagram, []byte("\n"))
	var segment Segment
	if !ok || json.Unmarshal(document, &segment) != nil || segment.ID == "" {
		return Segment{}, false
	}
	return segment, true
}

// Close stops the daemon and waits until receive is no longer called.
func (d *Daemon) Close() error {
	err := d.connection.Close()
	<-d.done
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}
