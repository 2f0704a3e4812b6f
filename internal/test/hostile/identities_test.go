package hostile

// identities are requests by nobody who says to be somebody, or by mallory who says to be victim.
func identities(good *place) []Request {
	text := good.text(nil)
	var all []Request
	read := func(name string, want Answer, headers ...string) {
		all = append(all, Request{Name: "identity: " + name + ", to read", Method: "GET", Path: "/orders/" + victimsOrder, Headers: headers, Want: want})
	}
	create := func(name string, headers ...string) {
		all = append(all, Request{Name: "identity: " + name, Method: "POST", Path: "/orders", Headers: headers, Want: unauthorized}.with(text))
	}
	for i, line := range authorizations() {
		name := "by " + printable(line)
		if i%4 == 0 { // the same door
			create(name, line)
		} else {
			read(name, unauthorized, line)
		}
	}
	for i, forged := range forgeries() {
		if i%2 == 0 {
			create(forged.name, "Authorization: Bearer "+forged.token)
		} else {
			read(forged.name, unauthorized, "Authorization: "+forged.token)
		}
	}
	for _, line := range pretences() {
		name := "with " + printable(line)
		create(name, line)
		read(name, notFound, asMallory, line)
	}
	read("twice, the second forged", notFound, asMallory, "Authorization: Bearer "+forgeries()[0].token)
	for _, query := range []string{"Authorization=Bearer%20${mallory}", "access_token=${mallory}", "token=${mallory}", "sub=victim", "X-Amz-Signature=0&X-Amz-Credential=local", "requestContext.authorizer.claims.sub=victim"} {
		all = append(all,
			Request{Name: "identity: in the query: " + query, Method: "GET", Path: "/orders?" + query, Want: unauthorized},
			Request{Name: "identity: in the query, to create: " + query, Method: "POST", Path: "/orders?" + query, Want: unauthorized}.with(text))
	}
	all = append(all,
		Request{Name: "identity: none, to list", Method: "GET", Path: "/orders", Want: unauthorized},
		Request{Name: "identity: none, under another host", Method: "GET", Path: "http://" + marker + ".example/orders", Want: unauthorized},
		Request{Name: "identity: none, and over 128 KiB", Method: "POST", Path: "/orders", Want: unauthorized, Pieces: []Piece{{Text: " ", Times: 200000}}},
		Request{Name: "identity: in the body", Method: "POST", Path: "/orders", Want: unauthorized}.with(`{"userId":"victim","order":`+text+`}`))
	return all
}

func authorizations() []string {
	return []string{
		"Authorization:", "Authorization: Bearer", "Authorization: Bearer ${mallory}x", "Authorization: Bearer ${mallory}.",
		"Authorization: Bearer .${mallory}", "Authorization: Bearer ${mallory}=",
		"Authorization: Bearer Bearer ${mallory}", "Authorization: Bearer\t${mallory}", "Authorization: Basic ${mallory}",
		"Authorization: Token ${mallory}", "Authorization: ${mallory} Bearer",
		"Authorization: Bearer ${mallory}, Bearer ${mallory}", "Authorization: Bearer ${mallory},${mallory}",
		"Authorization: Bearer \"${mallory}\"", "Authorization: Bearer ${mallory.header}",
		"Authorization: Bearer ${mallory.header}.${mallory.payload}", "Authorization: Bearer ${mallory.header}.${mallory.payload}.",
		"Authorization: Bearer ${mallory.payload}.${mallory.header}.${mallory.signature}",
		"Authorization: Bearer ${mallory.header}.${mallory.payload}.${mallory.signature}.${mallory.signature}.x",
		"Authorization: Bearer ${mallory.header}. ${mallory.payload}.${mallory.signature}",
		"Authorization: Basic dmljdGltOnMzY3IzdA==", "Authorization: Digest username=\"victim\"", "Authorization: Negotiate YII=",
		"Authorization: AWS4-HMAC-SHA256 Credential=local", "Authorization: victim", "Authorization: Bearer victim",
		"Authorization: Bearer null", "Authorization: Bearer undefined", "Authorization: Bearer {}", "Authorization: Bearer ..",
		"Authorization: Bearer e30.e30.", "Authorization: Bearer bnVsbA.bnVsbA.AA", "Authorization: Bearer \xff\xfe",
		"Authorization: Bearer " + times(".", 10000), "Authorization: Bearer " + times("A", 100000),
		"Authorization: Bearer ${mallory.header}." + times("A", 60000) + ".${mallory.signature}",
		"Authorization: Bearer x\r\n" + asMallory, "Authorization:\r\n" + asMallory, "Proxy-Authorization: Bearer ${mallory}",
		"X-Authorization: Bearer ${mallory}", "X-Original-Authorization: Bearer ${mallory}",
		"Cookie: Authorization=${mallory}; id_token=${mallory}", "Authorization_: Bearer ${mallory}",
		"X-Amzn-Remapped-Authorization: Bearer ${mallory}",
	}
}

// pretences are header lines by which proxies and gateways tell who somebody is. They are good for nothing here.
func pretences() []string {
	return []string{
		"X-Amzn-Oidc-Identity: victim", "X-Amzn-Oidc-Data: e30.eyJzdWIiOiJ2aWN0aW0ifQ.", "X-Amzn-Oidc-Accesstoken: " + marker,
		"X-Amzn-Request-Context: {\"authorizer\":{\"claims\":{\"sub\":\"victim\"}}}",
		"X-Amzn-Lambda-Context: {\"identity\":{\"userArn\":\"arn:aws:iam::000000000000:root\"}}", "X-Amzn-Apigateway-Api-Id: " + marker,
		"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678;Self=" + marker,
		"X-Apigateway-Event: {\"requestContext\":{\"authorizer\":{\"claims\":{\"sub\":\"victim\"}}}}",
		"X-Apigateway-Context: {\"sub\":\"victim\"}", "X-Cognito-Identity-Id: victim", "X-Amz-User-Agent: victim",
		"X-Amz-Security-Token: " + marker, "X-Api-Key: " + marker, "X-Forwarded-User: victim", "X-Forwarded-Email: victim@example.com",
		"X-Forwarded-For: 127.0.0.1, 10.0.0.1", "X-Forwarded-Host: " + marker,
		"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /backend", "Forwarded: for=127.0.0.1;by=victim;host=" + marker,
		"X-Real-Ip: 127.0.0.1", "X-Remote-User: victim", "Remote-User: victim",
		"X-User-Id: victim", "X-Sub: victim", "X-Auth-Request-User: victim", "X-Original-Url: /backend/" + victimsOrder,
		"X-Rewrite-Url: /backend/" + victimsOrder, "X-Original-Uri: /backend/" + victimsOrder,
		"X-HTTP-Method-Override: OPTIONS", "X-HTTP-Method: HEAD", "Sub: victim", "UserId: victim", "Claims: {\"sub\":\"victim\"}",
		"Cookie: sub=victim; session=" + marker, "From: victim@example.com",
		"Origin: null", "Referer: http://127.0.0.1/_local/token?sub=victim", "Via: 1.1 " + marker, "X-Ms-Client-Principal-Id: victim",
		"Cf-Access-Authenticated-User-Email: victim", "X-Ssl-Client-Dn: CN=victim",
	}
}
