package cmd

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/bisect/report"
)

// An eventLog writes events as lines of JSON as they come.
type eventLog struct {
	name string
	w    io.Writer // nil where no log is asked for
	file *os.File  // to close
	err  error     // the first one of writing
}

// openEvents opens the log called name, "" for none, "-" for standard output.
func openEvents(c *cobra.Command, name string) (*eventLog, error) {
	switch name {
	case "":
		return &eventLog{}, nil
	case stdoutName:
		return &eventLog{name: "standard output", w: c.OutOrStdout()}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--events: %w", err)
	}
	return &eventLog{name: name, w: f, file: f}, nil
}

func (l *eventLog) event(e bisect.Event) {
	if l.w != nil && l.err == nil {
		l.err = report.Event(l.w, e)
	}
}

// close returns the first error of writing.
func (l *eventLog) close() error {
	if l.file != nil {
		if err := l.file.Close(); l.err == nil {
			l.err = err
		}
	}
	if l.err != nil {
		return fmt.Errorf("writing events to %s: %w", l.name, l.err)
	}
	return nil
}
