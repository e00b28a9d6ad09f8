package ir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine/graph"
	"halfway/engine/ir"
	"halfway/engine/tensor"
)

// maxSeed keeps large models out of the seeds, of which every mutation copies one.
const maxSeed = 1 << 18

// FuzzRead reads any bytes as a model: it is refused, or it is as well-formed as the package promises.
func FuzzRead(f *testing.F) {
	for _, c := range hostileModels {
		f.Add([]byte(c.model.xml()), []byte("01234567"))
	}
	for _, pattern := range []string{"../builtin/testdata/bodies/*.xml", "../ops/testdata/*/*.xml"} {
		addModels(f, pattern)
	}
	f.Fuzz(func(t *testing.T, text, bin []byte) {
		g, closer, err := ir.Read(write(t, text, bin))
		if err != nil {
			return
		}
		checkGraph(t, g)
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
}

func addModels(f *testing.F, pattern string) {
	models, err := filepath.Glob(pattern)
	if err != nil || len(models) == 0 {
		f.Fatalf("no models at %s: %v", pattern, err)
	}
	for _, path := range models {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		bin, err := os.ReadFile(strings.TrimSuffix(path, ".xml") + ".bin")
		if err != nil && !os.IsNotExist(err) {
			f.Fatal(err)
		}
		if len(text)+len(bin) < maxSeed {
			f.Add(text, bin)
		}
	}
}

// write makes a model of the two files and returns its path.
func write(t *testing.T, text, bin []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.xml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(path, ".xml")+".bin", bin, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkGraph holds g and the graphs inside it against what Read guarantees, and asks for what follows from a graph alone.
func checkGraph(t *testing.T, g *graph.Graph) {
	for i, n := range g.Nodes {
		if n.ID != i {
			t.Fatalf("node %d has the id %d", i, n.ID)
		}
		for p, in := range n.In {
			if in.Node == nil || in.Node.ID >= len(g.Nodes) || g.Nodes[in.Node.ID] != in.Node || in.Out >= len(in.Node.Out) {
				t.Fatalf("input %d of %q is not connected to a node of its graph", p, n.Name)
			}
		}
		checkConstant(t, n)
		for _, b := range n.Bodies {
			checkGraph(t, b.Graph)
		}
	}
	e, err := graph.Enforce(g, tensor.BF16)
	if err != nil {
		t.Fatal(err)
	}
	g.Units(e.Order)
	for i := range g.Params {
		g.InputName(i)
	}
	for i := range g.Results {
		g.OutputName(i)
	}
}

func checkConstant(t *testing.T, n *graph.Node) {
	if n.Op != "Constant" {
		return
	}
	elements, err := tensor.Elements(n.Value.Shape)
	if err != nil || int64(len(n.Value.Bytes)) != tensor.StoredBytes(n.Value.Type, elements) {
		t.Fatalf("constant %q: %s%v in %d bytes, %v", n.Name, n.Value.Type, n.Value.Shape, len(n.Value.Bytes), err)
	}
	if _, err := n.Value.Decode(); err != nil {
		t.Fatal(err)
	}
}
