package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"halfway/engine"
	"halfway/engine/tensor"
)

// Pair matches the arrays of two archives: by name, else, with a note, by position where one side calls its arrays exactly output_0,
// output_1, ... or arr_0, arr_1, ... The outputs are in the order of ref. An array of ref that got lacks is an error; one that only got has
// is left out with a note.
func Pair(ref, got []tensor.Named) (r, g []engine.Output, notes []string, err error) {
	described := describe(ref)
	if prefixOf(namesOf(ref)) != "" && len(ref) == len(got) && prefixOf(namesOf(got)) == "" {
		described = describe(got)
		if r, notes, err = Match(described, ref); err == nil {
			g, _, err = Match(described, got)
		}
		return r, g, notes, err
	}
	for i, n := range ref {
		r = append(r, described[i])
		r[i].Tensor = n.Tensor
	}
	g, notes, err = Match(described, got)
	return r, g, notes, err
}

func describe(arrays []tensor.Named) []engine.Output {
	outputs := make([]engine.Output, len(arrays))
	for i, a := range arrays {
		outputs[i].Name = a.Name
	}
	return outputs
}

// Match gives the described outputs their arrays: by name, else by an alias, else, with a note, by position where there are as many and they are
// called exactly output_N or arr_N. An output without an array is an error; an array that is no output is left out with a note.
func Match(described []engine.Output, arrays []tensor.Named) (outputs []engine.Output, notes []string, err error) {
	have := namesOf(arrays)
	place := index(have)
	var names []string
	for _, o := range described {
		names = append(names, o.Name)
	}
	used := map[string]bool{}
	for _, o := range described {
		if name, ok := find(o, names, place); ok {
			o.Tensor = arrays[place[name]].Tensor
			used[name] = true
		}
		outputs = append(outputs, o)
	}
	without := slices.IndexFunc(outputs, func(o engine.Output) bool { return o.Tensor == nil })
	if prefix := prefixOf(have); without >= 0 && prefix != "" && len(have) == len(names) {
		for i := range outputs {
			outputs[i].Tensor = arrays[place[prefix+strconv.Itoa(i)]].Tensor
		}
		return outputs, []string{fmt.Sprintf("the arrays %s are matched by position to %s", list(have), list(names))}, nil
	}
	if without >= 0 {
		return nil, nil, unknown("array", names[without], have)
	}
	for _, name := range have {
		if !used[name] {
			notes = append(notes, fmt.Sprintf("the array %q has no counterpart and was left out", name))
		}
	}
	return outputs, notes, nil
}

// find is the name by which o is in place: its own, else an alias that is no other output's name.
func find(o engine.Output, names []string, place map[string]int) (name string, ok bool) {
	if _, ok := place[o.Name]; ok {
		return o.Name, true
	}
	for _, name := range o.Aliases {
		if _, ok := place[name]; ok && !slices.Contains(names, name) {
			return name, true
		}
	}
	return "", false
}

func namesOf(arrays []tensor.Named) []string {
	names := make([]string, len(arrays))
	for i, a := range arrays {
		names[i] = a.Name
	}
	return names
}

// index is where each name stands.
func index(names []string) map[string]int {
	place := make(map[string]int, len(names))
	for i, name := range names {
		place[name] = i
	}
	return place
}

// prefixOf returns "output_" or "arr_" where the names are exactly that with 0, 1, ..., in any order, else nothing.
func prefixOf(names []string) string {
	place := index(names)
	for _, prefix := range []string{"output_", "arr_"} {
		n := 0
		for range names {
			if _, ok := place[prefix+strconv.Itoa(n)]; !ok {
				break
			}
			n++
		}
		if n == len(names) && n > 0 {
			return prefix
		}
	}
	return ""
}

// list is the names for a message, the first few.
func list(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
