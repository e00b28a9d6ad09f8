package bisect

import (
	"context"
	"errors"
)

// limits end a search early.
type limits struct {
	ctx       context.Context // ends with the caller's, or at the deadline
	maxProbes int
}

// ErrBudget is the cause with which a deadline of the search's own ends its context.
var ErrBudget = errors.New("the time budget is used up")

func (l limits) reached() error {
	switch {
	case l.ctx.Err() == nil:
		return nil
	case errors.Is(context.Cause(l.ctx), ErrBudget):
		return &stopped{Unresolved, "budget"}
	}
	return &stopped{Unresolved, "interrupted"}
}

// stopped is the error that ends the stages of a search with an outcome.
type stopped struct {
	outcome Outcome
	reason  string
}

func (s *stopped) Error() string { return string(s.outcome) + ": " + s.reason }
