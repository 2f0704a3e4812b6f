package awsapi

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"

	"orders/internal/strictjson"
)

// An apiError is an error response of AWS. Its message never contains anything of a payload or an
// event, which may be personal data.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func invalid(message string) *apiError {
	return &apiError{http.StatusBadRequest, "ValidationException", "1 validation error detected: " + message}
}

// writeError responds with an error in the protocol of the service that the request is for. An
// error that is not an *apiError becomes an internal error.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = &apiError{http.StatusInternalServerError, "InternalFailure", "The request could not be handled."}
	}
	service := signedService(r.Header.Get("Authorization"))
	contentType := r.Header.Get("Content-Type")
	switch {
	case service == "s3":
		writeXML(w, e.status, s3Error{Code: e.code, Message: e.message})
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		writeXML(w, e.status, queryError{Type: fault(e, "Sender", "Receiver"), Code: e.code, Message: e.message})
	case r.URL.Path == "/":
		writeJSON(w, jsonContentType(r), e.status, map[string]string{"__type": e.code, "message": e.message})
	default:
		w.Header().Set("X-Amzn-Errortype", e.code)
		writeJSON(w, "application/json", e.status, map[string]string{"Type": fault(e, "User", "Service"), "Message": e.message})
	}
}

// fault returns the word for whose fault an error is.
func fault(e *apiError, client, server string) string {
	if e.status >= http.StatusInternalServerError {
		return server
	}
	return client
}

// A queryError is the error of services with the query protocol, such as STS.
type queryError struct {
	XMLName struct{} `xml:"ErrorResponse"`
	Type    string   `xml:"Error>Type"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

type s3Error struct {
	XMLName struct{} `xml:"Error"`
	Code    string
	Message string
}

func writeXML(w http.ResponseWriter, status int, value any) {
	body, err := xml.Marshal(value)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // fails only if the client has gone
}

// jsonContentType returns the version of AWS's JSON protocol that the client uses.
func jsonContentType(r *http.Request) string {
	if contentType := r.Header.Get("Content-Type"); strings.HasPrefix(contentType, "application/x-amz-json-") {
		return contentType
	}
	return "application/x-amz-json-1.1"
}

// writeJSON responds with value, without HTML escaping.
func writeJSON(w http.ResponseWriter, contentType string, status int, value any) {
	body, err := strictjson.Marshal(value)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has gone
}
