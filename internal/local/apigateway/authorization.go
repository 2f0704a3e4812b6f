package apigateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An authorization is a parsed Authorization header, or the parameters of a presigned URL. Nothing
// of it has been verified.
type authorization struct {
	accessKey     string
	scope         scope
	signedHeaders []string // lower case, in ascending order
	signature     string
	date          string        // X-Amz-Date
	presigned     bool          // whether everything is in the query
	lifetime      time.Duration // how long the signature is valid
}

// A scope says for which day, region and service a signature is valid.
type scope struct {
	date       string // as 20150830
	region     string
	service    string
	terminator string
}

func parseAuthorization(r *http.Request) (authorization, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 || values[0] == "" {
		if query := r.URL.Query(); query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature") {
			return parsePresigned(query)
		}
		return authorization{}, missingToken()
	}
	text := values[0]
	scheme, list, _ := strings.Cut(text, " ")
	parameters, err := parseParameters(list)
	if err != nil {
		return authorization{}, err
	}
	if faults := missingParts(parameters, r.Header); len(faults) > 0 {
		return authorization{}, incomplete(strings.Join(faults, " ") + hashedAuthorization(text))
	}
	if len(values) > 1 || scheme != algorithm {
		return authorization{}, incomplete("Authorization header requires the algorithm '" + algorithm + "', once." + hashedAuthorization(text))
	}
	a, err := newAuthorization(parameters)
	a.date, a.lifetime = r.Header.Get("X-Amz-Date"), clockSkew
	return a, err
}

// maxExpires is the longest lifetime of a presigned URL, in seconds.
const maxExpires = 7 * 24 * 60 * 60

// parsePresigned parses the parameters of a presigned URL. Without X-Amz-Expires it is valid as
// long as a signed request.
func parsePresigned(query url.Values) (authorization, error) {
	parameters := make(map[string]string)
	for _, name := range []string{"Algorithm", "Credential", "Date", "SignedHeaders", "Signature"} {
		values := query["X-Amz-"+name]
		if len(values) != 1 || values[0] == "" {
			return authorization{}, incomplete("AWS query-string parameters must include 'X-Amz-" + name + "', once. Re-examine the query-string parameters.")
		}
		parameters[name] = values[0]
	}
	if parameters["Algorithm"] != algorithm {
		return authorization{}, incomplete("X-Amz-Algorithm only supports '" + algorithm + "'.")
	}
	a, err := newAuthorization(parameters)
	a.date, a.presigned, a.lifetime = parameters["Date"], true, clockSkew
	if expires, ok := query["X-Amz-Expires"]; ok {
		seconds, notNumber := strconv.Atoi(expires[0])
		if len(expires) > 1 || notNumber != nil || seconds < 1 || seconds > maxExpires {
			return authorization{}, incomplete(fmt.Sprintf("X-Amz-Expires must be a number of seconds from 1 to %d.", maxExpires))
		}
		a.lifetime = time.Duration(seconds) * time.Second
	}
	return a, err
}

// parseParameters splits `Credential=..., SignedHeaders=..., Signature=...`.
func parseParameters(list string) (map[string]string, error) {
	parameters := make(map[string]string)
	if strings.TrimSpace(list) == "" {
		return parameters, nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		pair = strings.TrimSpace(pair)
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, incomplete(fmt.Sprintf("Invalid key=value pair (missing equal-sign) in Authorization header %s: '%s'.", hashedNote, hashed(pair)))
		}
		if _, repeated := parameters[name]; repeated {
			return nil, incomplete(fmt.Sprintf("Repeated key in Authorization header %s: '%s'.", hashedNote, hashed(pair)))
		}
		parameters[name] = value
	}
	return parameters, nil
}

// missingParts returns one text for each thing that is missing.
func missingParts(parameters map[string]string, header http.Header) []string {
	var faults []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parameters[name] == "" {
			faults = append(faults, "Authorization header requires '"+name+"' parameter.")
		}
	}
	if len(header.Values("X-Amz-Date")) != 1 {
		faults = append(faults, "Authorization header requires existence of one 'X-Amz-Date' header.")
	}
	return faults
}

func newAuthorization(parameters map[string]string) (authorization, error) {
	parts := strings.Split(parameters["Credential"], "/")
	if len(parts) != 5 {
		return authorization{}, incomplete(fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got %s: '%s'.",
			hashedNote, hashed(parameters["Credential"])))
	}
	list := parameters["SignedHeaders"]
	names := strings.Split(list, ";")
	// A service that signs again writes the list in this form; with any other the signature
	// differs.
	if strings.ToLower(list) != list || !slices.IsSorted(names) {
		return authorization{}, wrongSignature()
	}
	return authorization{
		accessKey:     parts[0],
		scope:         scope{date: parts[1], region: parts[2], service: parts[3], terminator: parts[4]},
		signedHeaders: names,
		signature:     parameters["Signature"],
	}, nil
}

// requireSigned returns an error if the signature leaves out a header that Verify relies on.
func (a authorization) requireSigned(header http.Header) error {
	if !slices.Contains(a.signedHeaders, "host") {
		return notSigned("'Host' or ':authority'")
	}
	if !a.presigned && !slices.Contains(a.signedHeaders, "x-amz-date") {
		return notSigned("'X-Amz-Date'")
	}
	hasToken := len(header.Values("X-Amz-Security-Token")) > 0
	if hasToken && !slices.Contains(a.signedHeaders, "x-amz-security-token") {
		return notSigned("'X-Amz-Security-Token'")
	}
	return nil
}
