package cmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"halfway/patterns"
)

// environment returns the settings that the three variables of the process make.
func environment() patterns.Settings {
	s := patterns.Settings{Pos: variable(patterns.PosVariable), Neg: variable(patterns.NegVariable)}
	if v := variable(patterns.CountVariable); v != nil {
		k := patterns.ParseCount(*v)
		s.Count = &k
	}
	return s
}

// variable is nil where the variable is unset: one that is set and empty is another thing.
func variable(name string) *string {
	if v, ok := os.LookupEnv(name); ok {
		return &v
	}
	return nil
}

// readSettings reads a file of variables.
func readSettings(path string) (patterns.Settings, error) {
	f, err := os.Open(path)
	if err != nil {
		return patterns.Settings{}, fmt.Errorf("reading settings: %w", err)
	}
	defer f.Close()
	s, err := patterns.ReadEnv(f)
	if err != nil {
		return s, fmt.Errorf("reading settings from %s: %w", path, err)
	}
	return s, nil
}

// patternFlags are --pos and --neg, which are unset where they are not given.
type patternFlags struct{ pos, neg string }

func (f *patternFlags) register(c *cobra.Command, purpose string) {
	c.Flags().StringVar(&f.pos, "pos", "", purpose+" whose Type@name this `PATTERN` finds")
	c.Flags().StringVar(&f.neg, "neg", "", "and none of those that this `PATTERN` finds")
}

func (f *patternFlags) settings(c *cobra.Command) patterns.Settings {
	var s patterns.Settings
	if c.Flags().Changed("pos") {
		s.Pos = &f.pos
	}
	if c.Flags().Changed("neg") {
		s.Neg = &f.neg
	}
	return s
}

// valid fails for a flag whose pattern is no regular expression.
func (f *patternFlags) valid() error {
	for _, one := range []struct{ flag, pattern string }{{"--pos", f.pos}, {"--neg", f.neg}} {
		if _, err := patterns.Compile(one.pattern); err != nil {
			return usage(fmt.Errorf("%s: %w", one.flag, err))
		}
	}
	return nil
}

// valid fails for patterns that are no regular expressions.
func valid(s patterns.Settings) error {
	_, err := s.Select(nil)
	return usage(err)
}
