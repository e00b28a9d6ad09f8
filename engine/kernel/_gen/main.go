// Command _gen writes the assembly of package kernel and its Go declarations. Run `go generate` in engine/kernel.
//
// It is a module of its own, so that avo is no dependency of the program.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// files are the functions by the name of their file: x gives x_amd64.s and xstub_amd64.go.
var files = []struct {
	name  string
	write func(*generator)
}{
	{"tile", tile},
	{"round", round},
	{"function", functions},
	{"row", row},
	{"arithmetic", arithmetic},
	{"pack", pack},
	{"quantize", quantize},
	{"hash", hash},
}

// A generator is the code of one file.
type generator struct {
	*build.Context
	name      string
	constants map[uint32]operand.Mem // of 4 bytes
	vectors   map[uint32]operand.Mem // of 8 copies
	labels    int
}

func main() {
	dir := flag.String("dir", "..", "folder of package kernel")
	flag.Parse()
	for _, f := range files {
		g := &generator{name: f.name, Context: build.NewContext(), constants: map[uint32]operand.Mem{}, vectors: map[uint32]operand.Mem{}}
		g.ConstraintExpr("!noasm")
		f.write(g)
		if err := g.print(*dir, f.name); err != nil {
			log.Fatalf("%s: %v", f.name, err)
		}
	}
}

func (g *generator) print(dir, name string) error {
	file, err := g.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	cfg := printer.Config{Name: "halfway/engine/kernel/_gen", Argv: []string{"go", "generate"}, Pkg: "kernel"}
	for path, p := range map[string]printer.Printer{name + "_amd64.s": printer.NewGoAsm(cfg), name + "stub_amd64.go": printer.NewStubs(cfg)} {
		text, err := p.Print(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// function starts a function that is called name, documented by doc lines.
func (g *generator) function(name, signature string, doc ...string) {
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.SignatureExpr(signature)
	g.Pragma("noescape")
	g.Doc(doc...)
}

// pointer loads the parameter of that name.
func (g *generator) pointer(name string) reg.GPVirtual {
	return g.Load(g.Param(name), g.GP64()).(reg.GPVirtual)
}

// at is the operand bytes after the address in base.
func at(base reg.Register, bytes int) operand.Mem { return operand.Mem{Base: base, Disp: bytes} }

// word is the address of a constant of 4 bytes, of which the file keeps one copy.
func (g *generator) word(bits uint32) operand.Mem {
	m, ok := g.constants[bits]
	if !ok {
		m = g.StaticGlobal(fmt.Sprintf("%s_%08x", g.name, bits))
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		g.AddDatum(0, operand.U32(bits))
		g.constants[bits] = m
	}
	return m
}

// repeated is the address of 8 copies of 4 bytes, of which the file keeps one.
func (g *generator) repeated(bits uint32) operand.Mem {
	m, ok := g.vectors[bits]
	if !ok {
		m = g.StaticGlobal(fmt.Sprintf("%s_8x%08x", g.name, bits))
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 8 {
			g.AddDatum(4*i, operand.U32(bits))
		}
		g.vectors[bits] = m
	}
	return m
}

// quad is the address of a constant of 8 bytes.
func (g *generator) quad(bits uint64) operand.Mem {
	m := g.StaticGlobal(fmt.Sprintf("%s_%016x", g.name, bits))
	g.DataAttributes(attr.RODATA | attr.NOPTR)
	g.AddDatum(0, operand.U64(bits))
	return m
}
