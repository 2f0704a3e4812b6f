package hostile

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

// patience is how long one exchange may take.
const patience = time.Minute

// A Wire sends requests just as they are written, which http.Client would not, one after the other over one connection.
type Wire struct {
	address string
	mallory string // a token of hers

	connection *net.TCPConn
	reader     *bufio.Reader
}

// NewWire is a wire to a local service at an address, host:port, with a token that the service gave to a user who may
// order. It connects when it is needed; the owner must call Close.
func NewWire(address, token string) *Wire { return &Wire{address: address, mallory: token} }

// A Response is what came back, whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Send sends a request and reads the answer, whatever it is, within a minute. After an error, and after an answer that
// is not the one wanted, Close must be called before the next request: what else comes may belong to this one.
func (w *Wire) Send(r Request) (Response, error) {
	text, err := w.written(r)
	if err != nil {
		return Response{}, err
	}
	return w.exchange(r, text)
}

// exchange sends a request that is written already.
func (w *Wire) exchange(r Request, text []byte) (Response, error) {
	if err := w.connect(); err != nil {
		return Response{}, err
	}
	if _, err := w.connection.Write(text); err != nil {
		return Response{}, err
	}
	if r.Ends {
		defer w.Close()
		if err := w.connection.CloseWrite(); err != nil {
			return Response{}, err
		}
	}
	return w.receive(r.Method)
}

func (w *Wire) connect() error {
	if w.connection == nil {
		connection, err := net.Dial("tcp", w.address)
		if err != nil {
			return err
		}
		w.connection, w.reader = connection.(*net.TCPConn), bufio.NewReader(connection)
	}
	return w.connection.SetDeadline(time.Now().Add(patience))
}

// Close gives up the connection. The wire can be used again, on another.
func (w *Wire) Close() {
	if w.connection != nil {
		_ = w.connection.Close()
		w.connection = nil
	}
}

func (w *Wire) receive(method string) (Response, error) {
	answer, err := http.ReadResponse(w.reader, &http.Request{Method: method})
	if err != nil {
		w.Close()
		return Response{}, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Close {
		w.Close()
	}
	return Response{answer.StatusCode, answer.Header, body}, err
}
