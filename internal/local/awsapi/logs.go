package awsapi

import (
	"encoding/base64"
	"net/http"
	"regexp"
)

// Logs Insights is simulated for queries of the log lines about one order, which are the only ones
// that operators' commands send. A query's ID contains its order ID, so no query is kept.

var orderInQuery = regexp.MustCompile(`orderId = "([^"]+)"`)

type startQueryInput struct{ QueryString string }

type queryInput struct{ QueryID string }

type queryOutput struct {
	Status  string          `json:"status"`
	Results [][]resultField `json:"results"`
}

type resultField struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

func (e *Endpoints) startQuery(input startQueryInput) (map[string]string, error) {
	match := orderInQuery.FindStringSubmatch(input.QueryString)
	if match == nil {
		return nil, &apiError{http.StatusBadRequest, "MalformedQueryException", `Only queries with filter orderId = "..." are supported.`}
	}
	return map[string]string{"queryId": base64.RawURLEncoding.EncodeToString([]byte(match[1]))}, nil
}

func (e *Endpoints) getQueryResults(input queryInput) (queryOutput, error) {
	orderID, err := base64.RawURLEncoding.DecodeString(input.QueryID)
	if err != nil || e.OrderLogs == nil {
		return queryOutput{}, &apiError{http.StatusBadRequest, "ResourceNotFoundException", "The query does not exist."}
	}
	output := queryOutput{Status: "Complete", Results: [][]resultField{}}
	for _, line := range e.OrderLogs(string(orderID)) {
		output.Results = append(output.Results, []resultField{{"@message", line}})
	}
	return output, nil
}
