package local

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"runtime/metrics"

	"orders/internal/local/apigateway"
	"orders/internal/local/fakepeers"
	"orders/internal/peer"
)

// standInPath is where the stand-ins of the neighbours are, by name.
const standInPath = "/_local/peers/"

// registerStandIns adds the neighbours' stand-ins, behind a check of signatures as on AWS, and what belongs to them.
func (s *Service) registerStandIns(mux *http.ServeMux, signatures apigateway.Verifier) {
	var payment fakepeers.Payment
	catalogue := fakepeers.NewCatalogue()
	for name, peer := range map[string]http.Handler{
		"delivery-pricing": fakepeers.PricingHandler(),
		"payment":          payment.ValidateHandler(),
		"products":         catalogue.ValidateHandler(),
		"users":            fakepeers.UsersHandler(),
	} {
		mux.Handle(standInPath+name+"/", signatures.Require(http.StripPrefix(standInPath+name, peer)))
	}
	mux.Handle("/payment-3p/", http.StripPrefix("/payment-3p", payment.PreauthHandler()))
	mux.Handle("GET /_local/products", catalogue.ListHandler())
	mux.Handle("GET /_local/sample-order", fakepeers.SampleOrderHandler(catalogue, &payment))
}

// registerInspection adds what lets a developer sign in and look inside.
func (s *Service) registerInspection(mux *http.ServeMux, tokens *apigateway.TokenIssuer) {
	mux.HandleFunc("GET /_local/token", func(w http.ResponseWriter, r *http.Request) {
		text, err := tokens.Issue(r.URL.Query().Get("sub"))
		if errors.Is(err, apigateway.ErrSubject) {
			apigateway.Respond(w, http.StatusBadRequest, "sub must name a user: /_local/token?sub=USER")
			return
		}
		if err != nil {
			apigateway.Respond(w, http.StatusInternalServerError, "Internal server error")
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text) // a client that is gone cannot be told
	})
	mux.HandleFunc("GET /_local/events", func(w http.ResponseWriter, _ *http.Request) { show(w, s.bus.Events()) })
	mux.HandleFunc("GET /_local/dead-letters", func(w http.ResponseWriter, _ *http.Request) { show(w, s.deadLetters.All()) })
	mux.HandleFunc("GET /_local/runtime", func(w http.ResponseWriter, _ *http.Request) { show(w, s.condition()) })
}

// A condition is how the process is doing, for whoever watches it for long.
type condition struct {
	Goroutines    int          `json:"goroutines"`
	LiveHeapBytes uint64       `json:"liveHeapBytes"` // what the last garbage collection left
	Peers         []peer.Stats `json:"peers"`         // what went to each neighbour
}

func (s *Service) condition() condition {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return condition{Goroutines: runtime.NumGoroutine(), LiveHeapBytes: live[0].Value.Uint64(), Peers: peer.StatsOf(s.checkers)}
}

func show(w http.ResponseWriter, list any) {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(list) // a client that is gone cannot be told
}
