package fakepeers

import (
	"net/http"

	"github.com/google/uuid"
)

// UsersHandler returns the handler of POST /backend/validate {"userId"}, which responds with {"ok"}:
// every UUID, written with dashes, is a user.
func UsersHandler() http.Handler {
	return route("/backend/validate", func(body object) (any, error) {
		id, err := body.text("userId")
		if err != nil {
			return nil, err
		}
		return map[string]bool{"ok": isUUID(id)}, nil
	})
}

// isUUID is stricter than uuid.Validate, which also accepts braces, the prefix urn: and no dashes.
func isUUID(id string) bool {
	return len(id) == len(uuid.Nil.String()) && uuid.Validate(id) == nil
}
