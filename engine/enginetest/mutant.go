package enginetest

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// A part is a node of a document's tree: a leaf with a value, or what has parts. The parts of one kind can stand for each other, as the inputs
// of two nodes can.
type part struct {
	kind    string
	tag     string // what the grammar needs to write it
	value   string // of a leaf
	numbers bool   // value is integers between commas
	leaf    bool
	parts   []*part
}

// A grammar reads documents and writes them.
type grammar struct {
	read  func([]byte) (*part, error)
	write func(*part) []byte
}

// Mutant returns a model's file with one to three faults of seed: values, edges, types and shapes exchanged or beyond their ranges, nodes lost,
// doubled and moved, then, now and then, bytes flipped or an end cut off. onnx says which kind of file it is, else it is the XML of an IR.
func Mutant(file []byte, onnx bool, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	g := grammar{readXML, writeXML}
	if onnx {
		g = grammar{readProto, writeProto}
	}
	if root, err := g.read(file); err == nil && r.IntN(16) > 0 {
		for range 1 + r.IntN(3) {
			fault(root, r)
		}
		file = g.write(root)
	}
	if r.IntN(10) > 0 || len(file) == 0 {
		return file
	}
	return damage(file, r)
}

// damage flips bits, or cuts the end off.
func damage(file []byte, r *rand.Rand) []byte {
	file = bytes.Clone(file)
	if r.IntN(2) == 0 {
		return file[:r.IntN(len(file))]
	}
	for range 1 + r.IntN(8) {
		file[r.IntN(len(file))] ^= 1 << r.IntN(8)
	}
	return file
}

// fault changes one leaf, or the place of one part. Kinds are drawn first, so that what is rare is as likely as what is frequent.
func fault(root *part, r *rand.Rand) {
	leaves, places := map[string][]*part{}, map[string][]place{}
	collect(root, leaves, places)
	if r.IntN(4) > 0 && len(leaves) > 0 {
		same := pick(leaves, r)
		change(same[r.IntN(len(same))], same, r)
	} else if len(places) > 0 {
		same := pick(places, r)
		move(same[r.IntN(len(same))], same[r.IntN(len(same))], r)
	}
}

type place struct {
	parent *part
	index  int
}

func (p place) part() *part { return p.parent.parts[p.index] }

func collect(p *part, leaves map[string][]*part, places map[string][]place) {
	for i, c := range p.parts {
		places[c.kind] = append(places[c.kind], place{p, i})
		if c.leaf {
			leaves[c.kind] = append(leaves[c.kind], c)
		}
		collect(c, leaves, places)
	}
}

func pick[T any](m map[string][]T, r *rand.Rand) []T {
	kinds := make([]string, 0, len(m))
	for k := range m {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return m[kinds[r.IntN(len(kinds))]]
}

// move drops a part, doubles it, exchanges it with another or puts a copy in its place.
func move(a, b place, r *rand.Rand) {
	switch r.IntN(4) {
	case 0:
		a.parent.parts = slices.Delete(a.parent.parts, a.index, a.index+1)
	case 1:
		a.parent.parts = slices.Insert(a.parent.parts, a.index, a.part())
	case 2:
		x, y := a.part(), b.part()
		a.parent.parts[a.index], b.parent.parts[b.index] = y, x
	case 3:
		if !holds(b.part(), a.part()) { // a part inside itself has no end
			a.parent.parts[a.index] = b.part()
		}
	}
}

func holds(p, inner *part) bool {
	return p == inner || slices.ContainsFunc(p.parts, func(c *part) bool { return holds(c, inner) })
}

// change gives a leaf the value of another one, or one that no exporter writes.
func change(leaf *part, same []*part, r *rand.Rand) {
	switch {
	case r.IntN(3) == 0:
		leaf.value = same[r.IntN(len(same))].value
	case leaf.numbers:
		leaf.value = oddNumbers(leaf.value, r)
	default:
		leaf.value = oddText(leaf.value, r)
	}
}

var oddInts = []int64{0, 1, 2, -1, -2, 3, 7, 16, 64, 127, 128, 255, 65536, 1<<31 - 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62, 1<<63 - 1, -1 << 31, -1 << 63}

func oddNumbers(list string, r *rand.Rand) string {
	items := strings.Split(list, ",")
	i := r.IntN(len(items))
	n, err := strconv.ParseInt(strings.TrimSpace(items[i]), 10, 64)
	switch r.IntN(8) {
	case 0:
		return strings.Join(slices.Delete(items, i, i+1), ",")
	case 1:
		return strings.Join(slices.Insert(items, i, items[i]), ",")
	case 2, 3, 4:
		if err == nil {
			n = []int64{n + 1, n - 1, 2 * n, n / 2, -n}[r.IntN(5)]
			break
		}
		fallthrough
	default:
		n = oddInts[r.IntN(len(oddInts))]
	}
	items[i] = strconv.FormatInt(n, 10)
	return strings.Join(items, ",")
}

var oddTexts = []string{"", "..", "/dev/zero", "../../../etc/passwd", "\xff\xfe", "\x1b[2J", "$(id)`id`'\"", "<b>&amp;", "nan", "undefined", "1e400", "-0", "\u00e9\u0301\u202e"}

func oddText(text string, r *rand.Rand) string {
	b := []byte(text)
	switch {
	case len(b) == 0 || r.IntN(3) == 0:
		return oddTexts[r.IntN(len(oddTexts))]
	case r.IntN(3) == 0:
		return text[:r.IntN(len(b))]
	case r.IntN(3) == 0 && len(b) < 1<<16:
		return text + text
	}
	for range 1 + r.IntN(4) {
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
	}
	return string(b)
}
