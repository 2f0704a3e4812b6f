package fakepeers

import (
	"net/http"

	"github.com/google/uuid"

	"orders/internal/strictjson"
)

// UsersHandler returns the handler of POST /backend/validate {"userId"}, which responds with
// {"ok"}: every UUID, written with dashes, is a user.
func UsersHandler() http.Handler {
	return route("/backend/validate", func(body strictjson.Object) any {
		return map[string]bool{"ok": isUUID(body.String("userId"))}
	})
}

// isUUID is stricter than uuid.Validate, which also accepts braces, the prefix urn: and no dashes.
func isUUID(id string) bool {
	return len(id) == len(uuid.Nil.String()) && uuid.Validate(id) == nil
}
