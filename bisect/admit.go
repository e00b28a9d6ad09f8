package bisect

import (
	"halfway/engine"
	"halfway/patterns"
)

// Admitted returns the candidates that settings enforce. Every graph is filtered and counted by itself. A pattern that is no regular
// expression is an error.
func Admitted(candidates []engine.Candidate, s patterns.Settings) (engine.Set, error) {
	members, err := admit(candidates, s)
	return setOf(members), err
}
