package local

import (
	"cmp"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/environment"
	"orders/internal/telemetry"
)

// Settings configure a run of the local service. ReadSettings returns them.
type Settings struct {
	Port       int        // on 127.0.0.1; 0 picks a free one
	Region     string     // of the fake AWS account
	LogLevel   slog.Level // of the functions
	Fulfilment bool       // whether fakes pack and deliver orders

	DynamoDB         bool   // whether orders are in DynamoDB Local rather than in memory
	DynamoDBEndpoint string // of a running DynamoDB Local; if empty, one is started
	DataFolder       string // what is kept between runs with DynamoDB

	// EventBridgeEndpoint is where table-update publishes: something in front of this service's own
	// event bus. If empty, table-update publishes to the bus directly.
	EventBridgeEndpoint string

	// URLs of real peers; empty means the fake.
	DeliveryURL, PaymentURL, ProductsURL, UsersURL string

	// Keys sign requests to real peers. Without keys, the local access key does, which AWS does not
	// know.
	Keys aws.Credentials
}

// defaults are the values of settings that are not set.
var defaults = map[string]string{
	"PORT": "8080", "AWS_REGION": "eu-west-1", "LOG_LEVEL": "INFO", "FULFILMENT": "on", "TABLE": tableMemory, "DATA": ".local",
}

// ReadSettings returns the settings of the environment: PORT, AWS_REGION, LOG_LEVEL, FULFILMENT,
// TABLE, DYNAMODB_ENDPOINT, EVENTBRIDGE_ENDPOINT, DATA, the peers' URLs as the functions name them,
// and AWS's keys. The error names every invalid setting.
func ReadSettings(getenv func(name string) string) (Settings, error) {
	hasEndpoint := getenv("DYNAMODB_ENDPOINT") != ""
	r := environment.NewReader(func(name string) string {
		if name == "TABLE" && hasEndpoint {
			return cmp.Or(getenv(name), tableDynamoDB) // implied
		}
		return cmp.Or(getenv(name), defaults[name])
	})
	s := Settings{
		Port:             environment.Parse(r, "PORT", parsePort),
		Region:           r.Text("AWS_REGION"),
		LogLevel:         environment.Parse(r, "LOG_LEVEL", telemetry.ParseLevel),
		Fulfilment:       environment.Parse(r, "FULFILMENT", parseSwitch),
		DynamoDB:         environment.Parse(r, "TABLE", func(text string) (bool, error) { return parseTable(text, hasEndpoint) }),
		DynamoDBEndpoint: r.OptionalURL("DYNAMODB_ENDPOINT"),
		DataFolder:       r.Text("DATA"),

		EventBridgeEndpoint: r.OptionalURL("EVENTBRIDGE_ENDPOINT"),

		DeliveryURL: r.OptionalURL("DELIVERY_API_URL"),
		PaymentURL:  r.OptionalURL("PAYMENT_API_URL"),
		ProductsURL: r.OptionalURL("PRODUCTS_API_URL"),
		UsersURL:    r.OptionalURL("USERS_API_URL"),

		Keys: aws.Credentials{
			AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
		},
	}
	return s, r.Err()
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("must be a port from 0 to 65535, got %q", text)
	}
	return int(port), nil
}

const (
	tableMemory   = "memory"
	tableDynamoDB = "dynamodb"
)

func parseTable(text string, hasEndpoint bool) (onDynamoDB bool, err error) {
	switch {
	case text == tableDynamoDB:
		return true, nil
	case text != tableMemory:
		return false, fmt.Errorf("must be %s or %s, got %q", tableMemory, tableDynamoDB, text)
	case hasEndpoint:
		return false, fmt.Errorf("%s cannot be combined with DYNAMODB_ENDPOINT", tableMemory)
	}
	return false, nil
}

func parseSwitch(text string) (bool, error) {
	if text != "on" && text != "off" {
		return false, fmt.Errorf("must be on or off, got %q", text)
	}
	return text == "on", nil
}
