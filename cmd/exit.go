package cmd

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"halfway/bisect"
	"halfway/compare"
)

// The exit statuses. Scripts rely on them; "halfway help exit" explains them.
const (
	statusAnswered   = 0
	statusFailed     = 1
	statusUsage      = 2
	statusClean      = 3
	statusBroken     = 4
	statusUnresolved = 5
)

// An ended is the error of a command that ends with a status of its own. Without an err the command has said all there is to say.
type ended struct {
	status int
	err    error
}

func (e *ended) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *ended) Unwrap() error { return e.err }

// end is what a command returns that has answered, and what its status is.
func end(status int) error {
	if status == statusAnswered {
		return nil
	}
	return &ended{status: status}
}

// usage is the error of a command line that makes no sense; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &ended{statusUsage, err}
}

// statusOf returns the exit status of what a command returned, and the message to show, "" for none.
func statusOf(err error) (status int, message string) {
	e, ok := errors.AsType[*ended](err)
	_, misfit := errors.AsType[*compare.MisfitError](err)
	switch {
	case err == nil:
		return statusAnswered, ""
	case ok && e.err == nil:
		return e.status, ""
	case ok:
		return e.status, err.Error()
	case misfit:
		return statusUsage, err.Error()
	case errors.Is(err, syscall.EPIPE):
		return statusFailed, "" // whoever read standard output has left, such as head
	case errors.Is(err, context.Canceled): // only signals cancel
		return statusUnresolved, errInterrupted.Error()
	case errors.Is(err, bisect.ErrBudget), errors.Is(err, errInterrupted):
		return statusUnresolved, err.Error()
	}
	return statusFailed, err.Error()
}
