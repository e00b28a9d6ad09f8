package cmd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"halfway/bisect"
	"halfway/engine"
)

// A choice is a flag's value out of a few.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }

// Type is what usage texts show in place of the value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// Set takes one of the allowed values.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.allowed, s) {
		hint := ""
		if near, ok := engine.Nearest(s, c.allowed); ok {
			hint = fmt.Sprintf("did you mean %s? ", near)
		}
		return fmt.Errorf("%swant %s", hint, strings.Join(c.allowed, ", "))
	}
	c.value = s
	return nil
}

// choose registers a flag that takes one of the allowed values, the first by default, and completes them.
func choose(c *cobra.Command, name, use string, allowed ...string) *choice {
	v := &choice{allowed[0], allowed}
	c.Flags().Var(v, name, use)
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return allowed, cobra.ShellCompDirectiveNoFileComp
	}
	if err := c.RegisterFlagCompletionFunc(name, complete); err != nil {
		panic(err) // the flag is there: it was registered above
	}
	return v
}

// A byteSize is a number of bytes, written with a unit or without; auto, the default, is negative.
type byteSize int64

func (b *byteSize) String() string {
	if *b < 0 {
		return "auto"
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type is what usage texts show in place of the value.
func (b *byteSize) Type() string { return "BYTES" }

// Set reads "0", "1500000", "512MiB", "2G" (units of 1024) or "auto".
func (b *byteSize) Set(s string) error {
	if s == "auto" {
		*b = -1
		return nil
	}
	number := strings.TrimRight(strings.ToUpper(s), "IB")
	shift := 0
	if n := len(number); n > 0 {
		if at := strings.IndexByte("KMGT", number[n-1]); at >= 0 {
			number, shift = number[:n-1], 10*(at+1)
		}
	}
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || v < 0 || v > math.MaxInt64>>shift {
		return fmt.Errorf("want a number of bytes such as 0, 512MiB or 2GiB, or auto")
	}
	*b = byteSize(v << shift)
	return nil
}

// parseShare reads what may stay in f32: 20 nodes, or 5% of the multiply-adds. Nothing is no bound.
func parseShare(text string) (bisect.Share, error) {
	number, percent := strings.CutSuffix(text, "%")
	switch v, err := strconv.ParseFloat(number, 64); {
	case text == "":
		return bisect.Share{}, nil
	case err == nil && percent && v > 0 && v <= 100:
		return bisect.Share{Work: v / 100}, nil
	case err == nil && !percent && v >= 1 && v == math.Trunc(v) && v <= math.MaxInt32:
		return bisect.Share{Nodes: int(v)}, nil
	}
	return bisect.Share{}, fmt.Errorf("--max-f32 %q: want a number of nodes such as 20, or a share of the multiply-adds such as 5%%", text)
}

// parseShapes reads NAME=1,64 and, where the model has one input, just 1,64. The name may hold any character.
func parseShapes(specs []string, only string) (map[string][]int, error) {
	shapes := map[string][]int{}
	for _, spec := range specs {
		name, text := only, spec
		if at := strings.LastIndexByte(spec, '='); at >= 0 {
			name, text = spec[:at], spec[at+1:]
		}
		shape, err := parseShape(text)
		switch {
		case err != nil:
			return nil, fmt.Errorf("--shape %q: %w", spec, err)
		case name == "":
			return nil, fmt.Errorf("--shape %q: the model has several inputs: say which one, as NAME=1,64", spec)
		case shapes[name] != nil:
			return nil, fmt.Errorf("--shape %q: input %q has a shape already", spec, name)
		}
		shapes[name] = shape
	}
	return shapes, nil
}

func parseShape(text string) ([]int, error) {
	shape := []int{}
	if text = strings.Trim(text, "[] "); text == "" {
		return shape, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		d, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%q is no dimension: want a shape such as 1,64", part)
		}
		shape = append(shape, d)
	}
	return shape, nil
}
