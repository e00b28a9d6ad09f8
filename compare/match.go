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
	names := namesOf(ref)
	if prefixOf(names) != "" && len(ref) == len(got) && prefixOf(namesOf(got)) == "" {
		names = namesOf(got)
		if r, notes, err = Match(names, ref); err == nil {
			g, _, err = Match(names, got)
		}
		return r, g, notes, err
	}
	for _, n := range ref {
		r = append(r, engine.Output{Name: n.Name, Tensor: n.Tensor})
	}
	g, notes, err = Match(names, got)
	return r, g, notes, err
}

// Match arranges arrays as the outputs called names: by name, else, with a note, by position where there are as many and they are called
// exactly output_N or arr_N. An output without an array is an error; an array that is no output is left out with a note.
func Match(names []string, arrays []tensor.Named) (outputs []engine.Output, notes []string, err error) {
	have := namesOf(arrays)
	place := index(have)
	if prefix := prefixOf(have); prefix != "" && len(have) == len(names) && !sameNames(names, place) {
		for i, name := range names {
			outputs = append(outputs, engine.Output{Name: name, Tensor: arrays[place[prefix+strconv.Itoa(i)]].Tensor})
		}
		return outputs, []string{fmt.Sprintf("the arrays %s are matched by position to %s", list(have), list(names))}, nil
	}
	for _, name := range names {
		i, ok := place[name]
		if !ok {
			return nil, nil, unknown("array", name, have)
		}
		outputs = append(outputs, engine.Output{Name: name, Tensor: arrays[i].Tensor})
	}
	wanted := index(names)
	for _, name := range have {
		if _, ok := wanted[name]; !ok {
			notes = append(notes, fmt.Sprintf("the array %q has no counterpart and was left out", name))
		}
	}
	return outputs, notes, nil
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

func sameNames(names []string, place map[string]int) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, ok := place[name]
		return !ok
	})
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
