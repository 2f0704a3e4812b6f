package local

import "strings"

// sampleUser is the user of the tour. The fake users service knows every UUID.
const sampleUser = "11111111-2222-4333-8444-555555555555"

// Tour is a walk through the service for whoever has just started it: commands for a shell with
// curl, to be pasted as they stand.
func (s *Service) Tour() string {
	return strings.NewReplacer("{URL}", s.URL, "{USER}", sampleUser, "{REGION}", s.settings.Region, "{KEY}", accessKey+":"+secretKey,
		"{BUS}", eventBusName, "{STORAGE}", s.storage.name, "{WAIT}", s.tourWait()).Replace(tour)
}

func (s *Service) tourWait() string {
	if s.settings.Fulfilment {
		return "three seconds later, in the list, warehouse and delivery have handled it (FULFILLED)"
	}
	return "with FULFILMENT=off an order stays NEW until you put events yourself"
}

const tour = `The orders service listens on {URL}, its orders are {STORAGE} (Ctrl-C ends it). Paste this into another shell:

# sign in, and make a sample order with a fresh payment token
TOKEN=$(curl -s '{URL}/_local/token?sub={USER}')
ORDER=$(curl -s {URL}/_local/sample-order)

# order it; a repeated request returns the same order (200, Idempotent-Replayed)
curl -si {URL}/orders -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "$ORDER"; echo
ID=$(curl -s {URL}/orders -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d "$ORDER" | sed 's/.*"orderId":"\([^"]*\)".*/\1/')

# read it; {WAIT}
curl -s {URL}/orders/$ID -H "Authorization: Bearer $TOKEN"; echo
sleep 3
curl -s "{URL}/orders?limit=20" -H "Authorization: Bearer $TOKEN"; echo

# read it as another service does, with a signed request
curl -s {URL}/backend/$ID --aws-sigv4 aws:amz:{REGION}:execute-api --user {KEY}; echo

# put an event as delivery does, with any AWS client (here the AWS CLI, if you have it)
AWS_ENDPOINT_URL={URL} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION={REGION} \
aws events put-events --entries "[{\"EventBusName\":\"{BUS}\",\"Source\":\"ecommerce.delivery\",\"DetailType\":\"DeliveryCompleted\",\"Resources\":[\"$ID\"],\"Detail\":\"{}\"}]"

# every event so far, and what could not be delivered
curl -s {URL}/_local/events; echo
curl -s {URL}/_local/dead-letters; echo
`
