package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"halfway/engine"
)

// A place is a node's name read as people read it: a module, its layer where it has one, and what the node does in it.
// "__module.model.layers.2.mlp.up_proj/aten::linear/MatMul" is up_proj in the module mlp of layers 2.
type place struct {
	stem   string // up to the number of the layer: "model.layers"; "" where there is none
	layer  int    // -1 where there is none
	module string // "mlp"; the whole path of the module where there is no layer
	part   string // "up_proj"
}

// root is how OpenVINO's PyTorch frontend begins all names.
const root = "__module."

// placeOf reads a name.
func placeOf(name string) place {
	name = strings.Trim(strings.TrimPrefix(name, root), "./")
	for start := 0; start < len(name); {
		end := start + segment(name[start:])
		if n, err := strconv.Atoi(name[start:end]); err == nil && n >= 0 && start > 0 && end < len(name) {
			module, part := split(name[end+1:])
			return place{name[:start-1], n, module, part}
		}
		start = end + 1
	}
	module, part, found := strings.Cut(name, "/")
	if !found {
		return place{"", -1, name, ""}
	}
	return place{"", -1, module, short(part)}
}

// segment is the length of a name up to the next "." or "/".
func segment(name string) int {
	if i := strings.IndexAny(name, "./"); i >= 0 {
		return i
	}
	return len(name)
}

// split parts a path inside a layer into its first module and the rest.
func split(path string) (module, part string) {
	i := segment(path)
	return path[:i], short(strings.Trim(path[i:], "./"))
}

// short is a path without what the operation's type says again: OpenVINO's PyTorch frontend calls the nodes that aten::mul becomes
// aten::mul/Multiply.
func short(path string) string {
	i := strings.Index(path, "aten::")
	if i < 0 {
		return path
	}
	op := path[i+len("aten::"):]
	if end := strings.IndexByte(op, '/'); end >= 0 {
		op = op[:end]
	}
	if op == "linear" { // all that a linear module does
		return strings.TrimSuffix(path[:i], "/")
	}
	return path[:i] + op
}

// A gathering is the kept nodes of one module: "mlp of layer 2: gate_proj, up_proj".
type gathering struct {
	title string
	parts []string // what is kept of it
	nodes int

	stem, module string
	layers       map[int]bool // in which nodes of it are kept
}

func (g *gathering) String() string {
	if len(g.parts) == 0 {
		return g.title
	}
	s := g.title + ": " + strings.Join(g.parts[:min(len(g.parts), maxParts)], ", ")
	if len(g.parts) > maxParts {
		s += ", ..."
	}
	return s
}

// gather sums up the candidates at the given positions module by module, in counting order.
func gather(candidates []engine.Candidate, positions []int) []*gathering {
	type key struct{ stem, module string }
	occurs := map[key]map[int]bool{} // the layers that a module has candidates in
	for _, c := range candidates {
		p := placeOf(c.Name)
		k := key{p.stem, p.module}
		if occurs[k] == nil {
			occurs[k] = map[int]bool{}
		}
		occurs[k][p.layer] = true
	}
	var list []*gathering
	known := map[key]*gathering{}
	for _, at := range positions {
		p := placeOf(candidates[at].Name)
		k := key{p.stem, p.module}
		g := known[k]
		if g == nil {
			g = &gathering{stem: p.stem, module: p.module, layers: map[int]bool{}}
			known[k], list = g, append(list, g)
		}
		g.nodes++
		g.layers[p.layer] = true
		if p.part != "" && !slices.Contains(g.parts, p.part) && len(g.parts) <= maxParts {
			g.parts = append(g.parts, p.part)
		}
	}
	for _, g := range list {
		g.title = title(g.stem, g.module, slices.Sorted(maps.Keys(g.layers)), len(occurs[key{g.stem, g.module}]))
	}
	return list
}

// maxParts is how many parts of a module are named.
const maxParts = 12

// title names a module in some of the layers that it occurs in.
func title(stem, module string, layers []int, occurs int) string {
	container := stem[strings.LastIndexAny(stem, "./")+1:]
	one := container
	if len(container) > 2 {
		one = strings.TrimSuffix(container, "s")
	}
	switch {
	case layers[0] < 0:
		return module
	case len(layers) == occurs && occurs > 1:
		return fmt.Sprintf("%s of every %s", module, one)
	case len(layers) == 1:
		return fmt.Sprintf("%s of %s %d", module, one, layers[0])
	}
	return fmt.Sprintf("%s of %s %s", module, plural(one), ranges(layers))
}

func plural(s string) string {
	if len(s) <= 2 || strings.HasSuffix(s, "s") {
		return s
	}
	return s + "s"
}

// ranges writes ascending numbers as "0-3, 7".
func ranges(list []int) string {
	var b strings.Builder
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(list[i]))
		if j > i {
			fmt.Fprintf(&b, "-%d", list[j])
		}
		i = j + 1
	}
	return b.String()
}
