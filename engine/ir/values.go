package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfway/engine/tensor"
)

// parseType returns an element type; Invalid without an error for the names of "not known".
func parseType(name string) (tensor.DType, error) {
	switch strings.ToLower(name) {
	case "unspecified", "undefined", "dynamic":
		return tensor.Invalid, nil
	}
	return tensor.ParseDType(name)
}

// splitNames splits a list at its commas, but for those behind a backslash, which belong to a name.
func splitNames(list string) []string {
	var names []string
	var name strings.Builder
	for part := range strings.SplitSeq(list, ",") {
		if head, escaped := strings.CutSuffix(part, `\`); escaped {
			name.WriteString(head + ",")
			continue
		}
		name.WriteString(part)
		if name.Len() > 0 {
			names = append(names, name.String())
		}
		name.Reset()
	}
	if name.Len() > 0 {
		names = append(names, name.String())
	}
	return names
}

// parseShape reads the shape of a constant: sizes separated by commas, nothing for a scalar.
func parseShape(s string) ([]int, error) {
	shape, err := parsePartialShape(s)
	if err != nil {
		return nil, err
	}
	if shape == nil || slices.Contains(shape, -1) {
		return nil, fmt.Errorf("shape %q is not static", s)
	}
	return shape, nil
}

// parsePartialShape reads a shape as OpenVINO's PartialShape prints it: "1,?,3..5", "-1" and "?" dynamic, "..." of dynamic rank (nil),
// nothing for a scalar (empty, not nil). An interval is dynamic.
func parsePartialShape(s string) ([]int, error) {
	inner := strings.TrimSpace(s)
	if strings.HasPrefix(inner, "[") && strings.HasSuffix(inner, "]") && inner != "]" {
		inner = strings.TrimSpace(inner[1 : len(inner)-1])
	}
	shape := []int{}
	switch inner {
	case "...":
		return nil, nil
	case "":
		return shape, nil
	}
	for part := range strings.SplitSeq(inner, ",") {
		d, err := parseDim(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("shape %q: %w", s, err)
		}
		shape = append(shape, d)
	}
	return shape, nil
}

func parseDim(s string) (int, error) {
	if s == "?" || s == "-1" {
		return -1, nil
	}
	low, high, interval := strings.Cut(s, "..")
	if !interval {
		return parseSize(s)
	}
	for _, end := range []string{low, high} {
		if end == "" {
			continue
		}
		if _, err := parseSize(end); err != nil {
			return 0, err
		}
	}
	return -1, nil
}

func parseSize(s string) (int, error) {
	d, err := strconv.Atoi(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("dimension %q: expected -1 or a size", s)
	}
	return d, nil
}

// keepsPrecision reports whether a DisablePrecisionConversion list, "from:to,to;from:to", keeps its operation from being reduced: the CPU
// plugin looks for "dynamic" to f16 or dynamic. Source: openvino-semantics, section 5.
func keepsPrecision(list string) bool {
	for rule := range strings.SplitSeq(list, ";") {
		from, to, _ := strings.Cut(rule, ":")
		if strings.TrimSpace(from) != "dynamic" {
			continue
		}
		for t := range strings.SplitSeq(to, ",") {
			if t = strings.TrimSpace(t); t == "f16" || t == "dynamic" {
				return true
			}
		}
	}
	return false
}
