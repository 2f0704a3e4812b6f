package hostile

const (
	asService = "Authorization: ${sigv4}"
	dated     = "X-Amz-Date: ${date}"
)

// signatures are requests to the routes of other services with missing or wrong signatures.
func signatures() []Request {
	const path = "/backend/"
	backend := func(what string, s *Signing, headers ...string) Request {
		return Request{Name: "signature: " + what, Method: "GET", Path: path + victimsOrder, Headers: headers, Sign: s, Want: notSigned}
	}
	var all []Request
	for what, s := range wrongSignings(path) {
		all = append(all, backend(what, &s, asService, dated))
	}
	for _, line := range []string{
		"X-Nothing: at all", "Authorization:", "Authorization: ${sigv4}0", "Authorization: ${sigv4}, Signature=0",
		"Authorization: Bearer ${sigv4}", "Authorization: ${sigv4}\r\nAuthorization: ${sigv4}",
		asMallory, asMallory + "\r\nAuthorization: ${sigv4}", "Authorization: AWS4-HMAC-SHA256", "Authorization: AWS4-HMAC-SHA256 " + marker,
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=x-amz-date, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=x-amz-date;host, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=Host;X-Amz-Date, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=" + times("0", 64),
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date;x-not-there, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host;x-amz-date, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}/x, SignedHeaders=host;x-amz-date, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA256 Credential=/////, SignedHeaders=host;x-amz-date, Signature=${signature}",
		"Authorization: AWS4-HMAC-SHA512 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}",
		"Authorization: AWS4-ECDSA-P256-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}",
		"Authorization: AWS local:" + marker, "Authorization: AWS4-HMAC-SHA256 " + times("a=b,", 10000),
		"Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=" + times("a;", 20000) + "host;x-amz-date, Signature=${signature}",
	} {
		all = append(all, backend("by "+printable(line), &Signing{}, line, dated))
	}
	for _, date := range []string{"", "now", "${date}0", "20260123T105349Z", "2026-01-23T10:53:49Z", "99991231T235959Z", "${date}\r\nX-Amz-Date: ${date}", "Mon, 01 Jan 2026 00:00:00 GMT", "0", "-1"} {
		all = append(all, backend("dated "+printable(date), &Signing{}, asService, "X-Amz-Date: "+date))
	}
	all = append(all,
		backend("without a date", &Signing{}, asService),
		backend("with an unsigned session", &Signing{}, asService, dated, "X-Amz-Security-Token: "+marker),
		backend("with a body that is not signed", &Signing{}, asService, dated).with("{}"),
		backend("with the hash of another body", &Signing{}, asService, dated, "X-Amz-Content-Sha256: "+times("0", 64)),
		backend("with a body that says to be unsigned", &Signing{}, asService, dated, "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD").with("{}"),
		backend("with a user's pretence", nil, "X-Amzn-Request-Context: {\"identity\":{\"userArn\":\"arn:aws:iam::000000000000:root\"}}", "X-Amz-User-Arn: arn:aws:iam::000000000000:root"),
	)
	for _, query := range []string{"x=1", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=${date}&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}", "%zz", "a=1;b=2"} {
		r := backend("with the query "+printable(query), &Signing{Path: path + victimsOrder}, asService, dated)
		r.Path += "?" + query
		all = append(all, r)
	}
	for _, id := range []string{"%00", "null", "00000000-0000-0000-0000-000000000000", victimsOrder + "0", "%252e%252e", "a%2Fb", "%ff", times("a", 20000)} {
		all = append(all, Request{Name: "signature: good, for the order " + printable(id), Method: "GET", Path: path + id, Headers: []string{asService, dated}, Sign: &Signing{}, Want: notFound})
	}
	return append(all,
		Request{Name: "signature: good, for a user's route", Method: "GET", Path: "/orders/" + victimsOrder, Headers: []string{asService, dated}, Sign: &Signing{}, Want: unauthorized},
		Request{Name: "signature: good, for a user's list", Method: "GET", Path: "/orders", Headers: []string{asService, dated}, Sign: &Signing{}, Want: unauthorized})
}

func wrongSignings(path string) func(yield func(string, Signing) bool) {
	return func(yield func(string, Signing) bool) {
		for _, s := range []struct {
			what string
			Signing
		}{
			{"another secret", Signing{Secret: "other"}}, {"a key of a space", Signing{Key: " "}},
			{"another key", Signing{Key: "AKIAIOSFODNN7EXAMPLE"}}, {"a key of another case", Signing{Key: "Local"}},
			{"another region", Signing{Region: "us-east-1"}}, {"another service", Signing{Service: "lambda"}},
			{"a region of a space", Signing{Region: " "}}, {"an hour old", Signing{Late: 3600}},
			{"six minutes old", Signing{Late: 360}}, {"six minutes early", Signing{Late: -360}}, {"a year early", Signing{Late: -365 * 86400}},
			{"another method", Signing{Method: "POST"}},
			{"another order", Signing{Path: path + "00000000-0000-0000-0000-000000000000"}},
			{"another path", Signing{Path: "/orders/" + victimsOrder}}, {"a query that is not sent", Signing{Path: path + victimsOrder + "?a=1"}},
			{"another host", Signing{Host: marker + ".example"}}, {"another body", Signing{Body: "{}"}},
			{"a session that is not sent", Signing{Session: marker}},
		} {
			if !yield(s.what, s.Signing) {
				return
			}
		}
	}
}
