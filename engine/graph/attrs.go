package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfway/engine/tensor"
)

// Attrs are an operation's attributes as the data element of an IR spells them: numbers in decimal, lists separated by commas, booleans as
// "true" and "false" or "1" and "0".
type Attrs map[string]string

// A Decoder reads attributes and remembers the first that is wrong, so that an operation's constructor checks once, by Err.
type Decoder struct {
	attrs Attrs
	err   error
}

// Decode returns a Decoder of a.
func (a Attrs) Decode() *Decoder { return &Decoder{attrs: a} }

// Err is the first problem met: a missing attribute, a value that does not parse or is not allowed.
func (d *Decoder) Err() error { return d.err }

func (d *Decoder) fail(name, value, want string) {
	if d.err == nil {
		d.err = fmt.Errorf("attribute %s=%q: want %s", name, value, want)
	}
}

// Has reports whether the attribute is given at all.
func (d *Decoder) Has(name string) bool { _, ok := d.attrs[name]; return ok }

// Int returns an integer attribute, def when it is absent.
func (d *Decoder) Int(name string, def int) int {
	s, ok := d.attrs[name]
	if !ok {
		return def
	}
	v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		d.fail(name, s, "an integer")
	}
	return int(v)
}

// Float returns a floating-point attribute, def when it is absent.
func (d *Decoder) Float(name string, def float64) float64 {
	s, ok := d.attrs[name]
	if !ok {
		return def
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		d.fail(name, s, "a number")
	}
	return v
}

// Bool returns a boolean attribute, def when it is absent.
func (d *Decoder) Bool(name string, def bool) bool {
	s, ok := d.attrs[name]
	if !ok {
		return def
	}
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	d.fail(name, s, "true or false")
	return def
}

// Enum returns a string attribute that must be one of allowed (compared without case, returned as allowed spells it), def when absent.
func (d *Decoder) Enum(name, def string, allowed ...string) string {
	s, ok := d.attrs[name]
	if !ok {
		return def
	}
	if i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, s) }); i >= 0 {
		return allowed[i]
	}
	d.fail(name, s, "one of "+strings.Join(allowed, ", "))
	return def
}

// Ints returns a list of integers, nil when it is absent or empty.
func (d *Decoder) Ints(name string) []int {
	return list(d, name, "integers separated by commas", func(s string) (int, error) { return strconv.Atoi(s) })
}

// Floats returns a list of numbers, nil when it is absent or empty.
func (d *Decoder) Floats(name string) []float64 {
	return list(d, name, "numbers separated by commas", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
}

func list[T any](d *Decoder, name, want string, parse func(string) (T, error)) []T {
	s, ok := d.attrs[name]
	if !ok || strings.TrimSpace(s) == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	r := make([]T, len(parts))
	for i, p := range parts {
		v, err := parse(strings.TrimSpace(p))
		if err != nil {
			d.fail(name, s, want)
			return nil
		}
		r[i] = v
	}
	return r
}

// DType returns an element type, def when it is absent.
func (d *Decoder) DType(name string, def tensor.DType) tensor.DType {
	s, ok := d.attrs[name]
	if !ok {
		return def
	}
	t, err := tensor.ParseDType(s)
	if err != nil {
		d.fail(name, s, "an element type")
	}
	return t
}

// Required fails when the attribute is absent.
func (d *Decoder) Required(names ...string) {
	for _, n := range names {
		if !d.Has(n) && d.err == nil {
			d.err = fmt.Errorf("attribute %s is missing", n)
		}
	}
}
