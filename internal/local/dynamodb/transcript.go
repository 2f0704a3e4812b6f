package dynamodb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	saysListening = "Server: Started"
	saysPortTaken = "Address already in use"

	maxTranscript = 4000 // bytes
)

var errPortTaken = errors.New("the port is taken")

// A transcript reads what a server prints, and keeps the beginning. Only its own word is proof that it listens: a
// port that answers may be another server's.
type transcript struct {
	log       io.Writer     // takes all of it; may be nil
	listening chan struct{} // closed when the server says that it listens

	text      strings.Builder
	said      bool
	portTaken bool
}

// follow reads to the end.
func (t *transcript) follow(output io.Reader) {
	for lines := bufio.NewReader(output); ; {
		line, err := lines.ReadString('\n')
		t.take(line)
		if err != nil {
			return
		}
	}
}

func (t *transcript) take(line string) {
	if t.log != nil {
		_, _ = io.WriteString(t.log, line)
	}
	if t.text.Len() < maxTranscript {
		t.text.WriteString(line)
	}
	t.portTaken = t.portTaken || strings.Contains(line, saysPortTaken)
	if !t.said && strings.Contains(line, saysListening) {
		t.said = true
		close(t.listening)
	}
}

// failure is why the server has ended.
func (t *transcript) failure() error {
	if t.portTaken {
		return errPortTaken
	}
	return fmt.Errorf("it ended:\n%s", t.text.String())
}
