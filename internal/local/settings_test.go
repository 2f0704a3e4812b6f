package local

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func readSettings(variables map[string]string) (Settings, error) {
	return ReadSettings(func(name string) string { return variables[name] })
}

func TestDefaultSettings(t *testing.T) {
	s, err := readSettings(nil)
	require.NoError(t, err)
	require.Equal(t, Settings{LogFormat: "auto", Port: 8080, Region: "eu-west-1", LogLevel: slog.LevelInfo, Fulfilment: true, DataFolder: ".local"}, s)
}

func TestSettings(t *testing.T) {
	s, err := readSettings(map[string]string{
		"PORT": "0", "AWS_REGION": "us-east-1", "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "FULFILMENT": "off",
		"TABLE": "dynamodb", "DYNAMODB_ENDPOINT": "http://127.0.0.1:8000/", "DATA": "kept",
		"EVENTBRIDGE_ENDPOINT": "http://127.0.0.1:9000",
		"DELIVERY_API_URL":     "http://delivery/", "PAYMENT_API_URL": "https://payment/prod", "PRODUCTS_API_URL": "http://products", "USERS_API_URL": "http://users:81",
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
	})
	require.NoError(t, err)
	require.Equal(t, Settings{
		LogFormat: "json", Port: 0, Region: "us-east-1", LogLevel: slog.LevelDebug, Fulfilment: false,
		DynamoDB: true, DynamoDBEndpoint: "http://127.0.0.1:8000", DataFolder: "kept",
		EventBridgeEndpoint: "http://127.0.0.1:9000",
		DeliveryURL:         "http://delivery", PaymentURL: "https://payment/prod", ProductsURL: "http://products", UsersURL: "http://users:81",
		Keys: aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "session"},
	}, s)
}

func TestInvalidSettings(t *testing.T) {
	_, err := readSettings(map[string]string{
		"PORT": "70000", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "FULFILMENT": "maybe", "TABLE": "paper", "DYNAMODB_ENDPOINT": "8000", "EVENTBRIDGE_ENDPOINT": "9000",
		"DELIVERY_API_URL": "delivery", "PAYMENT_API_URL": "ftp://payment", "PRODUCTS_API_URL": "http://", "USERS_API_URL": "http://u:p@users",
	})
	const noURL = " must be an http or https URL without user, query or fragment"
	require.EqualError(t, err, `PORT: must be a port from 0 to 65535, got "70000"; `+
		`LOG_LEVEL: log level "loud" must be DEBUG, INFO, WARN or ERROR; `+
		`LOG_FORMAT: must be auto, json or short, got "xml"; `+
		`FULFILMENT: must be on or off, got "maybe"; `+
		`TABLE: must be memory or dynamodb, got "paper"; `+
		`DYNAMODB_ENDPOINT`+noURL+`; EVENTBRIDGE_ENDPOINT`+noURL+`; DELIVERY_API_URL`+noURL+`; PAYMENT_API_URL`+noURL+`; PRODUCTS_API_URL`+noURL+`; USERS_API_URL`+noURL)
}

func TestRegions(t *testing.T) {
	for _, text := range []string{"eu-west-1", "us-gov-west-1", "ap-southeast-10", "us-isob-east-1"} {
		_, err := readSettings(map[string]string{"AWS_REGION": text})
		require.NoError(t, err, text)
	}
	for _, text := range []string{"foo bar", "eu-west", "EU-WEST-1", "eu-west-1/x", "eu-west-1 ", "-", "1"} {
		_, err := readSettings(map[string]string{"AWS_REGION": text})
		require.EqualError(t, err, fmt.Sprintf("AWS_REGION: must be a region such as eu-west-1, got %q", text))
	}
}

func TestArgumentsPrecedeTheEnvironment(t *testing.T) {
	s, err := ReadCommandLine([]string{"PORT=1", "AWS_REGION=us-east-1"}, []string{"PORT=2", "LOG_LEVEL=WARN", "HOME=/", "=C:", "x"})
	require.NoError(t, err)
	require.Equal(t, Settings{LogFormat: "auto", Port: 1, Region: "us-east-1", LogLevel: slog.LevelWarn, Fulfilment: true, DataFolder: ".local"}, s)
}

func TestUnknownArguments(t *testing.T) {
	for arg, message := range map[string]string{
		"TABEL=dynamodb": "unknown setting TABEL; did you mean TABLE?",
		"TABL=dynamodb":  "unknown setting TABL; did you mean TABLE?",
		"PORTS=1":        "unknown setting PORTS; did you mean PORT?",
		"LOG_LEVEI=INFO": "unknown setting LOG_LEVEI; did you mean LOG_LEVEL?",
		"port=1":         "unknown setting port; settings are PORT, FULFILMENT, TABLE,",
		"start":          `unknown setting "start"; settings are `,
		"-verbose":       `unknown setting "-verbose"; settings are `,
		"PORT":           `unknown setting "PORT"; settings are `,
		"":               `unknown setting ""; settings are `,
	} {
		_, err := ReadCommandLine([]string{arg}, nil)
		require.ErrorContains(t, err, message, arg)
	}
}

func TestWarnings(t *testing.T) {
	for variable, warnings := range map[string][]string{
		"TABEL=dynamodb":               {"TABEL is not a setting; did you mean TABLE?"},
		"DATA=kept":                    {"DATA has no effect without TABLE=dynamodb"},
		"AWS_ACCESS_KEY_ID=id":         {"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have no effect without each other"},
		"AWS_SECRET_ACCESS_KEY=secret": {"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have no effect without each other"},
		"TABEL=":                       nil,
		"PATH=/bin":                    nil,
		"FULFILMENT=off":               nil,
	} {
		s, err := ReadCommandLine(nil, []string{variable})
		require.NoError(t, err)
		require.Equal(t, warnings, s.Warnings, variable)
	}
	s, err := ReadCommandLine([]string{"TABLE=dynamodb"}, []string{"DATA=kept", "AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=secret"})
	require.NoError(t, err)
	require.Empty(t, s.Warnings)
}

// Every misspelling by one edit is found, whichever the setting.
func TestSimilarSettings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setting := rapid.SampledFrom(settingNames).Draw(t, "setting")
		i := rapid.IntRange(0, len(setting)-1).Draw(t, "at")
		misspelt := map[string]string{
			"replace": setting[:i] + "x" + setting[i+1:],
			"insert":  setting[:i] + "x" + setting[i:],
			"delete":  setting[:i] + setting[i+1:],
			"swap":    setting[:max(i-1, 0)] + setting[i:i+1] + setting[max(i-1, 0):i] + setting[i+1:],
		}[rapid.SampledFrom([]string{"replace", "insert", "delete", "swap"}).Draw(t, "edit")]
		if misspelt == setting || len(misspelt) < 4 {
			return
		}
		require.Equal(t, setting, similarSetting(misspelt))
	})
}

func TestPorts(t *testing.T) {
	for _, text := range []string{"0", "1", "65535", "080"} {
		_, err := readSettings(map[string]string{"PORT": text})
		require.NoError(t, err, text)
	}
	for _, text := range []string{"-1", "65536", "http", "80 ", "0x50", "8_0", "99999999999999999999"} {
		_, err := readSettings(map[string]string{"PORT": text})
		require.ErrorContains(t, err, "PORT: must be a port", text)
	}
}

func TestDynamoDBEndpoint(t *testing.T) {
	s, err := readSettings(map[string]string{"DYNAMODB_ENDPOINT": "http://127.0.0.1:8000"})
	require.NoError(t, err)
	require.True(t, s.DynamoDB)
	_, err = readSettings(map[string]string{"DYNAMODB_ENDPOINT": "http://127.0.0.1:8000", "TABLE": "memory"})
	require.EqualError(t, err, "TABLE: memory cannot be combined with DYNAMODB_ENDPOINT")
}
