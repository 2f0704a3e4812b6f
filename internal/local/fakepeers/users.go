package fakepeers

import (
	"net/http"

	"github.com/google/uuid"
)

// UsersHandler answers POST /backend/validate {"userId"} with {"ok"}: every
// UUID, written with its dashes, is a user.
func UsersHandler() http.Handler {
	return route("/backend/validate", func(body object) (any, error) {
		id, err := body.text("userId")
		if err != nil {
			return nil, err
		}
		return map[string]bool{"ok": isUUID(id)}, nil
	})
}

// isUUID is stricter than uuid.Validate, which takes braces, a urn: prefix and
// no dashes as well.
func isUUID(id string) bool {
	return len(id) == len(uuid.Nil.String()) && uuid.Validate(id) == nil
}
