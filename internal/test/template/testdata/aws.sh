#!/bin/sh
# A fake of the AWS CLI. It reads its responses from the directory $CLOUD, and records its calls there.
set -eu
all="$*"
option() { # NAME: the value of an option
	rest=${all#* --"$1" }
	[ "$rest" != "$all" ] || { echo "aws: $all: no --$1" >&2; exit 1; }
	echo "${rest%% *}"
}
case "$1 $2" in
"cloudformation describe-stacks")
	option query | sed "s/.*OutputKey=='\(.*\)'.*/\1/"
	;;
"sqs receive-message")
	[ "$(option output)" = json ]
	for message in "$CLOUD/$(option queue-url)".*.message; do
		[ -f "$message" ] || exit 0
		cat "$message"
		rm "$message"
		exit
	done
	;;
"sqs delete-message")
	echo "$(option queue-url) $(option receipt-handle)" >>"$CLOUD/deleted"
	;;
"lambda invoke")
	[ "$(option cli-binary-format)" = raw-in-base64-out ]
	payload=$(option payload)
	echo "$(option function-name) $(jq -c . "${payload#file://}")" >>"$CLOUD/invoked"
	eval "response=\${$#}"
	if grep -q refused "${payload#file://}"; then
		echo '{"errorMessage": "refused"}' >"$response"
		echo '{"StatusCode": 200, "FunctionError": "Unhandled"}'
	elif grep -q unsent "${payload#file://}"; then
		echo '{"batchItemFailures": [{"itemIdentifier": "1"}]}' >"$response"
		echo '{"StatusCode": 200, "ExecutedVersion": "1"}'
	else
		if [ "$(option function-name)" = TableUpdate ]; then echo '{"batchItemFailures": []}'; else echo null; fi >"$response"
		echo '{"StatusCode": 200, "ExecutedVersion": "1"}'
	fi
	;;
"dynamodbstreams get-shard-iterator")
	echo "$all" >>"$CLOUD/iterators"
	echo page-1
	;;
"dynamodbstreams get-records")
	cat "$CLOUD/$(option shard-iterator)"
	;;
"dynamodb get-item")
	[ ! -f "$CLOUD/denied" ] || { echo "aws: AccessDeniedException" >&2; exit 254; }
	[ ! -f "$CLOUD/item" ] || cat "$CLOUD/item"
	;;
*)
	echo "aws: $all: unknown" >&2
	exit 1
	;;
esac
