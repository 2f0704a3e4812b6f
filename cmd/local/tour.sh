#!/bin/sh
# A walk through a running local service: an order from its creation to its delivery. `make tour` runs it. It needs curl.
set -eu
url=${1:-http://127.0.0.1:8080}
user=11111111-2222-4333-8444-555555555555

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || title() { printf '\n%s\n' "$1"; }
field() { sed -n "s/.*\"$1\":\"*\([^\",}]*\).*/\1/p"; } # field NAME: its first value in the JSON on stdin
get() { curl -fsS "$@"; }

if ! get -o /dev/null "$url/_local/runtime"; then
	echo "No local service answers at $url: start one with make run, and name another port with make tour PORT=8081." >&2
	exit 1
fi
token=$(get "$url/_local/token?sub=$user")
order=$(get "$url/_local/sample-order")
post() { # prints the status line, the headers that matter, and the body as the last line
	curl -sS -i "$url/orders" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$order" | tr -d '\r'
}

title "1. A user creates an order: POST /orders"
created=$(post)
body=$(printf '%s\n' "$created" | tail -n 1)
id=$(printf '%s' "$body" | field orderId)
printf '%s\n' "$created" | grep -E '^(HTTP|Location)' | sed 's/^/   /'
echo "   order $id, status $(printf '%s' "$body" | field status), total $(printf '%s' "$body" | field total) minor units"

title "2. The same request again returns the same order"
again=$(post)
printf '%s\n' "$again" | grep -E '^(HTTP|Idempotent)' | sed 's/^/   /'
echo "   order $(printf '%s\n' "$again" | tail -n 1 | field orderId)"

title "3. Warehouse and delivery handle it"
last='' tries=0
while [ "$last" != FULFILLED ] && [ $tries -lt 100 ]; do
	status=$(get "$url/orders/$id" -H "Authorization: Bearer $token" | field status)
	[ "$status" = "$last" ] || echo "   $status"
	last=$status tries=$((tries + 1))
	[ "$last" = FULFILLED ] || sleep 0.1
done
[ "$last" = FULFILLED ] || echo "   It stays $last: with FULFILMENT=off you put the events, for example in the console."

title "4. Another service reads it with a signed request: GET /backend/$id"
get "$url/backend/$id" --aws-sigv4 aws:amz:"${AWS_REGION:-eu-west-1}":execute-api --user local:local >/dev/null && echo "   200, with the payment token"

title "5. The events on the bus"
get "$url/_local/events?orderId=$id" | grep -o '"detail-type":"[^"]*","source":"[^"]*"' | sed 's/"detail-type":"\([^"]*\)","source":"\([^"]*\)"/   \1 from \2/'

title "6. See all of it: $url/console/orders/$id"
