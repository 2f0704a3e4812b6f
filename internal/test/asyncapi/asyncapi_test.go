package asyncapi_test

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"
)

const (
	source    = "../../../resources/events.yaml"
	generated = "../../../resources/asyncapi.yaml"
	preamble  = "# Generated from events.yaml by `make asyncapi`. Do not edit.\n"
)

var update = flag.Bool("update", false, "write resources/asyncapi.yaml")

// An eventSchema is the schema of an event in events.yaml.
type eventSchema struct {
	Source      string   `yaml:"x-amazon-events-source"`
	DetailType  string   `yaml:"x-amazon-events-detail-type"`
	Receivers   []string `yaml:"x-receivers"`
	Description string
	AllOf       []yaml.Node `yaml:"allOf"`
	Example     yaml.Node
}

// The parts of an AsyncAPI 3 document that are used here, in the order in which they are written.
type (
	document struct {
		AsyncAPI   string `yaml:"asyncapi"`
		Info       *yaml.Node
		Servers    map[string]server
		Channels   map[string]channel
		Operations map[string]operation
		Components components
	}
	server struct {
		Host, Protocol, Description string
	}
	channel struct {
		Address, Description string
		Servers              []reference
		Messages             map[string]reference
	}
	operation struct {
		Action    string
		Channel   reference
		Summary   string
		Sender    string   `yaml:"x-sender"`
		Receivers []string `yaml:"x-receivers,flow"`
		Messages  []reference
	}
	components struct {
		Messages map[string]message
		Schemas  map[string]*yaml.Node
	}
	message struct {
		Name, Title, Summary string
		ContentType          string `yaml:"contentType"`
		Payload              reference
		Examples             []example
	}
	example   struct{ Payload *yaml.Node }
	reference struct {
		Ref string `yaml:"$ref"`
	}
)

// generate returns the AsyncAPI document of the events in an events.yaml. From the point of view of
// the orders service, it sends its own events and receives the others.
func generate(events []byte) ([]byte, error) {
	var in struct {
		Info       yaml.Node
		Components struct{ Schemas map[string]yaml.Node }
	}
	if err := yaml.Unmarshal(events, &in); err != nil {
		return nil, err
	}
	out := document{
		AsyncAPI: "3.0.0", Info: &in.Info, Channels: map[string]channel{}, Operations: map[string]operation{},
		Servers: map[string]server{"eventBridge": {
			"events.amazonaws.com", "https", "Amazon EventBridge. The name of the bus is in the SSM parameter platform/event-bus/name.",
		}},
		Components: components{Messages: map[string]message{}, Schemas: map[string]*yaml.Node{}},
	}
	for name, node := range in.Components.Schemas {
		var event eventSchema
		if err := node.Decode(&event); err != nil {
			return nil, err
		}
		if event.Source == "" { // a part of events
			out.Components.Schemas[name] = &node
			continue
		}
		out.add(name, event)
	}
	var text bytes.Buffer
	text.WriteString(preamble)
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	err := cmp.Or(encoder.Encode(out), encoder.Close())
	return text.Bytes(), err
}

// add adds the channel of an event, its operation and its message.
func (d document) add(name string, event eventSchema) {
	sender := strings.TrimPrefix(event.Source, "ecommerce.")
	action := map[bool]string{true: "send", false: "receive"}[sender == "orders"]
	summary := strings.Join(strings.Fields(event.Description), " ")
	d.Channels[name] = channel{
		Address:     event.Source + "/" + event.DetailType,
		Description: "Events of the bus with this source and detail-type.",
		Servers:     []reference{{"#/servers/eventBridge"}},
		Messages:    map[string]reference{name: {"#/components/messages/" + name}},
	}
	d.Operations[action+name] = operation{
		Action: action, Channel: reference{"#/channels/" + name}, Summary: summary, Sender: sender, Receivers: event.Receivers,
		Messages: []reference{{"#/channels/" + name + "/messages/" + name}},
	}
	d.Components.Messages[name] = message{
		Name: event.DetailType, Title: event.DetailType, Summary: summary, ContentType: "application/json",
		Payload: reference{"#/components/schemas/" + name}, Examples: []example{{&event.Example}},
	}
	parts := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range event.AllOf {
		parts.Content = append(parts.Content, &event.AllOf[i])
	}
	d.Components.Schemas[name] = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Value: "description"}, {Kind: yaml.ScalarNode, Value: summary},
		{Kind: yaml.ScalarNode, Value: "allOf"}, parts,
	}}
}

func TestDocumentIsCurrent(t *testing.T) {
	events, err := os.ReadFile(source)
	require.NoError(t, err)
	want, err := generate(events)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(generated, want, 0o644))
	}
	got, err := os.ReadFile(generated)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run make asyncapi")
}

func TestOrdersSendsItsEventsAndReceivesTheOthers(t *testing.T) {
	text, err := os.ReadFile(generated)
	require.NoError(t, err)
	var d struct{ Operations map[string]operation }
	require.NoError(t, yaml.Unmarshal(text, &d))
	var names []string
	for name, o := range d.Operations {
		names = append(names, name)
		require.NotEmpty(t, o.Receivers, name)
		if o.Action == "send" {
			require.Equal(t, "orders", o.Sender, name)
			require.NotContains(t, o.Receivers, "orders", name)
		} else {
			require.Contains(t, o.Receivers, "orders", name)
		}
	}
	require.ElementsMatch(t, []string{
		"sendOrderCreated", "sendOrderModified", "sendOrderDeleted",
		"receivePackageCreated", "receivePackagingFailed", "receiveDeliveryCompleted", "receiveDeliveryFailed",
	}, names)
}
