package local

import (
	"cmp"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orders/internal/environment"
	"orders/internal/telemetry"
)

// Settings configure a run of the local service.
type Settings struct {
	Port       int        // on 127.0.0.1; 0 picks a free one
	Region     string     // of the fake AWS account
	LogLevel   slog.Level // of the functions
	LogFormat  string     // "json", "short", or "auto": short on a terminal and JSON otherwise
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

	// Warnings say which settings have no effect.
	Warnings []string
}

// settingNames are the names of all settings.
var settingNames = []string{
	"PORT", "FULFILMENT", "TABLE", "DYNAMODB_ENDPOINT", "EVENTBRIDGE_ENDPOINT", "DATA", "LOG_LEVEL", "LOG_FORMAT", "AWS_REGION",
	"PRODUCTS_API_URL", "PAYMENT_API_URL", "DELIVERY_API_URL", "USERS_API_URL",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
}

// defaults are the values of settings that are not set.
var defaults = map[string]string{
	"PORT": "8080", "AWS_REGION": "eu-west-1", "LOG_LEVEL": "INFO", "LOG_FORMAT": "auto", "FULFILMENT": "on", "TABLE": tableMemory, "DATA": ".local",
}

// ReadSettings returns the settings in the environment. The error names every invalid setting.
func ReadSettings(getenv func(name string) string) (Settings, error) {
	values := map[string]string{}
	for _, name := range settingNames {
		values[name] = getenv(name)
	}
	return parseSettings(values)
}

// ReadCommandLine returns the settings in the arguments, NAME=value each, and in the environment,
// in the form of os.Environ. Arguments take precedence. An argument that is not a setting is an
// error. A variable that looks like a misspelt setting is a warning, because variables may be for
// other programs.
func ReadCommandLine(args, environ []string) (Settings, error) {
	values, err := readArguments(args)
	if err != nil {
		return Settings{}, err
	}
	var warnings []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if slices.Contains(settingNames, name) {
			if _, ok := values[name]; !ok {
				values[name] = value
			}
		} else if similar := similarSetting(name); similar != "" && value != "" {
			warnings = append(warnings, fmt.Sprintf("%s is not a setting; did you mean %s?", name, similar))
		}
	}
	s, err := parseSettings(values)
	s.Warnings = append(warnings, s.Warnings...)
	return s, err
}

func readArguments(args []string) (map[string]string, error) {
	values := map[string]string{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || !slices.Contains(settingNames, name) {
			text := fmt.Sprintf("unknown setting %q", arg)
			if ok {
				text = "unknown setting " + name
			}
			if similar := similarSetting(name); similar != "" {
				return nil, fmt.Errorf("%s; did you mean %s?", text, similar)
			}
			return nil, fmt.Errorf("%s; settings are %s, each as NAME=value", text, strings.Join(settingNames, ", "))
		}
		values[name] = value
	}
	return values, nil
}

func parseSettings(values map[string]string) (Settings, error) {
	hasEndpoint := values["DYNAMODB_ENDPOINT"] != ""
	r := environment.NewReader(func(name string) string {
		if name == "TABLE" && hasEndpoint {
			return cmp.Or(values[name], tableDynamoDB) // implied
		}
		return cmp.Or(values[name], defaults[name])
	})
	s := Settings{
		Port:             environment.Parse(r, "PORT", parsePort),
		Region:           environment.Parse(r, "AWS_REGION", parseRegion),
		LogLevel:         environment.Parse(r, "LOG_LEVEL", telemetry.ParseLevel),
		LogFormat:        environment.Parse(r, "LOG_FORMAT", parseLogFormat),
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
			AccessKeyID:     values["AWS_ACCESS_KEY_ID"],
			SecretAccessKey: values["AWS_SECRET_ACCESS_KEY"],
			SessionToken:    values["AWS_SESSION_TOKEN"],
		},
	}
	s.Warnings = withoutEffect(s, values)
	return s, r.Err()
}

// withoutEffect returns a warning for every value that nothing uses.
func withoutEffect(s Settings, values map[string]string) []string {
	var warnings []string
	if values["DATA"] != "" && !s.DynamoDB {
		warnings = append(warnings, "DATA has no effect without TABLE=dynamodb")
	}
	if id, secret := values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]; (id == "") != (secret == "") {
		warnings = append(warnings, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have no effect without each other")
	}
	return warnings
}

// similarSetting returns the setting that a name misspells by one letter: another, a missing or an
// additional one, or two that are swapped. It returns "" for the name of a setting, and for one of
// less than four letters.
func similarSetting(name string) string {
	if len(name) < 4 || slices.Contains(settingNames, name) {
		return ""
	}
	for _, setting := range settingNames {
		if misspells(name, setting) {
			return setting
		}
	}
	return ""
}

// misspells reports whether one edit turns a into b.
func misspells(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch len(a) - len(b) {
	case 0:
		return len(a) > 0 && a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
	case 1:
		return a[1:] == b
	case -1:
		return a == b[1:]
	}
	return false
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("must be a port from 0 to 65535, got %q", text)
	}
	return int(port), nil
}

// regionName matches the names of AWS regions, of all partitions and to come.
var regionName = regexp.MustCompile(`^[a-z]{2,10}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$`)

func parseRegion(text string) (string, error) {
	if !regionName.MatchString(text) {
		return "", fmt.Errorf("must be a region such as eu-west-1, got %q", text)
	}
	return text, nil
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

func parseLogFormat(text string) (string, error) {
	if text != "auto" && text != "json" && text != "short" {
		return "", fmt.Errorf("must be auto, json or short, got %q", text)
	}
	return text, nil
}

func parseSwitch(text string) (bool, error) {
	if text != "on" && text != "off" {
		return false, fmt.Errorf("must be on or off, got %q", text)
	}
	return text == "on", nil
}
