package console

import (
	"net/http"
	"strings"
)

// A snippet shows how one kind of client calls the service.
type snippet struct{ Name, Code string }

func (c *console) serveConnect(w http.ResponseWriter, r *http.Request) {
	token, err := c.Token(shoppers[0].ID)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fill := strings.NewReplacer("{URL}", c.URL, "{REGION}", c.Region, "{TOKEN}", token)
	var filled []snippet
	for _, s := range snippets {
		filled = append(filled, snippet{s.Name, fill.Replace(s.Code)})
	}
	c.render(w, r, "connect", http.StatusOK, "Connect", filled)
}

var snippets = []snippet{
	{"curl, as a user", `TOKEN={TOKEN}
curl -s {URL}/_local/sample-order |
  curl -i {URL}/orders -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d @-
curl -s '{URL}/orders?limit=20' -H "Authorization: Bearer $TOKEN"`},
	{"curl, as another service", `curl -s {URL}/backend/ORDER-ID --aws-sigv4 aws:amz:{REGION}:execute-api --user local:local`},
	{"AWS CLI", `export AWS_ENDPOINT_URL={URL} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={REGION}
aws ssm get-parameters-by-path --path /ecommerce/local --recursive
aws events put-events --entries '[{"EventBusName":"local-ecommerce","Source":"ecommerce.delivery","DetailType":"DeliveryCompleted","Resources":["ORDER-ID"],"Detail":"{}"}]'
aws lambda invoke --function-name create-order --log-type Tail --payload file://event.json --cli-binary-format raw-in-base64-out /dev/stdout`},
	{"Python, boto3", `import boto3, json

settings = dict(endpoint_url="{URL}", region_name="{REGION}",
                aws_access_key_id="local", aws_secret_access_key="local")
boto3.client("events", **settings).put_events(Entries=[{
    "EventBusName": "local-ecommerce", "Source": "ecommerce.delivery",
    "DetailType": "DeliveryCompleted", "Resources": ["ORDER-ID"], "Detail": "{}"}])
event = {"userId": "11111111-2222-4333-8444-555555555555", "order": {}}
response = boto3.client("lambda", **settings).invoke(FunctionName="create-order", Payload=json.dumps(event))
print(response["Payload"].read())`},
	{"JavaScript, AWS SDK", `import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";

const client = new EventBridgeClient({ endpoint: "{URL}", region: "{REGION}",
  credentials: { accessKeyId: "local", secretAccessKey: "local" } });
await client.send(new PutEventsCommand({ Entries: [{ EventBusName: "local-ecommerce",
  Source: "ecommerce.delivery", DetailType: "DeliveryCompleted", Resources: ["ORDER-ID"], Detail: "{}" }] }));`},
	{"JavaScript, fetch", `const orders = await fetch("{URL}/orders?limit=20", { headers: { Authorization: "Bearer {TOKEN}" } });
console.log(await orders.json());`},
}
