package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"halfway/bisect/report"
	"halfway/engine/tensor"
)

// stdoutName is the file name that stands for standard output.
const stdoutName = "-"

// answer writes what write writes to standard output.
func answer(c *cobra.Command, write func(io.Writer) error) error {
	if err := write(c.OutOrStdout()); err != nil {
		return fmt.Errorf("writing the answer to standard output: %w", err)
	}
	return nil
}

// save writes what write writes to the file called name, which appears whole or not at all, or to standard output where name is "-".
func save(c *cobra.Command, name string, write func(io.Writer) error) error {
	if name == stdoutName {
		return answer(c, write)
	}
	if err := tensor.WriteWhole(name, write); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// writable fails now for a file that could not be written later, when the work is done. "" and "-" are always writable.
func writable(names ...string) error {
	for _, name := range names {
		if name == "" || name == stdoutName {
			continue
		}
		if err := checkWritable(name); err != nil {
			return fmt.Errorf("%s cannot be written: %w", name, err)
		}
	}
	return nil
}

func checkWritable(name string) error {
	switch info, err := os.Stat(name); {
	case err == nil && info.IsDir():
		return errors.New("it is a folder")
	case err == nil && !info.Mode().IsRegular():
		return nil // a device or a pipe: opening it may already have an effect
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".halfway-*.tmp")
	if err != nil {
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = fmt.Errorf("folder %s: %w", filepath.Dir(name), cause.Err)
		}
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// terminal reports whether w is a terminal, and how many columns it has.
func terminal(w io.Writer) (columns int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = 80
	}
	return columns, true
}

// note tells the user something on standard error, beside the answer.
func note(c *cobra.Command, quiet bool, notes ...string) {
	for _, n := range notes {
		if !quiet {
			fmt.Fprintln(c.ErrOrStderr(), "note:", harmless(n))
		}
	}
}

// harmless is a message, which may have lines and quote names of files and nodes, with what would move a terminal's cursor escaped.
func harmless(message string) string {
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return strings.Join(lines, "\n")
}

// both writes an answer as JSON to the file that --json names, which comes first: whoever reads standard output may leave early. Then it writes the
// text, unless the JSON takes its place.
func both(c *cobra.Command, file string, v any, text func(io.Writer) error) error {
	if file != "" {
		if err := save(c, file, func(w io.Writer) error { return report.JSON(w, v) }); err != nil {
			return err
		}
	}
	if file == stdoutName {
		return nil
	}
	return answer(c, text)
}
