package report

import (
	"fmt"
	"io"
)

// A Doctor is what the engines need and what was found of it.
type Doctor struct {
	Processors int
	Kernels    string // level of the built-in engine
	Python     string
	Runtimes   []Runtime
}

// A Runtime is a package of Python that an engine needs.
type Runtime struct {
	Engine, Name string
	Version      string // "" where Problem says why there is none
	Problem      string
}

// Text writes a paragraph for each engine, wrapped at columns, 0 where no terminal shows it.
func (d Doctor) Text(w io.Writer, columns int) error {
	p := page{columns: columns}
	if columns <= 0 {
		p.columns = plainColumns
	}
	kernels := "kernels " + d.Kernels
	if d.Kernels == "generic" {
		kernels += ", which are slower: this processor has no AVX2 and FMA, or the build left their assembly out"
	}
	p.paragraph(0, 2, fmt.Sprintf("builtin is usable: %s, %s", kernels, count(d.Processors, "processor")))
	p.paragraph(0, 2, "command is usable with --run 'PROGRAM {model} {input} {output}'")
	for _, r := range d.Runtimes {
		if r.Problem == "" {
			p.paragraph(0, 2, fmt.Sprintf("%s is usable: %s %s in %s", r.Engine, r.Name, Printable(r.Version), Printable(d.Python)))
		} else {
			p.paragraph(0, 2, r.Engine+" is not usable: "+Printable(r.Problem))
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}
