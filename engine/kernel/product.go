package kernel

import (
	"sync"

	"halfway/engine/tensor"
)

// Blocks of a product: blockDepth elements of the sum at a time, so that a panel of the right operand stays in the first cache, for at most
// blockCols columns, which stay in the second, and blockRows rows.
const (
	blockDepth = 256
	blockCols  = 8 * tileCols
	blockRows  = 16 * tileRows
)

// A Product is Out = Left x right operand: every element is one chain of fused multiply-adds in f32 that starts at 0 and goes through
// the columns of Left in order, and then what the Epilogue says.
type Product struct {
	Out    []float32 // row-major
	At     int       // of Out in what Epilogue.Then counts
	Stride int       // between rows of Out
	Cols   int
	Left   *Left
	Right  source
	Epilogue
}

// An Epilogue is applied to every element of a product when its sum is complete, while it is still in the cache.
type Epilogue struct {
	RowBias []float32                 // added to the elements of each row; nil adds nothing
	ColBias []float32                 // added to the elements of each column; nil adds nothing
	Then    func(x []float32, at int) // called on parts of the output that start at element at, if it is not nil
	Round   tensor.DType              // grid that results are rounded to; F32 or Invalid: not at all
}

// A source delivers blocks of a right operand in panels of tileCols columns.
type source interface {
	// block returns rows [k0, k1) of the columns [j0, j1) as panels that start stride elements apart. It may use scratch, which has room
	// for them. j0 is a multiple of tileCols.
	block(scratch []float32, k0, k1, j0, j1 int) (panels []float32, stride int)
}

func (r *Right) block(_ []float32, k0, _, j0, _ int) ([]float32, int) {
	stride := r.depth * tileCols
	return r.data[j0/tileCols*stride+k0*tileCols:], stride
}

// unpacked is a right operand that is packed block by block.
type unpacked struct {
	Matrix
	round tensor.DType
}

func (u unpacked) block(scratch []float32, k0, k1, j0, j1 int) ([]float32, int) {
	stride := (k1 - k0) * tileCols
	for j := j0; j < j1; j += tileCols {
		panel := scratch[(j-j0)/tileCols*stride:][:stride]
		packPanel(panel, u.Transposed(), j, k0, k1, tileCols)
		RoundTo(panel, u.round)
	}
	return scratch, stride
}

// blockScratch is the memory for one block of a right operand.
type blockScratch [blockDepth * blockCols]float32

var blockPool = sync.Pool{New: func() any { return new(blockScratch) }}

// Products computes count products of equal size, which get returns by index.
func (w *Workers) Products(count int, get func(i int) Product) {
	if count == 0 {
		return
	}
	first := get(0)
	g := w.divide(count, first.Left.rows, first.Cols)
	macs := first.Left.rows * first.Cols * max(first.Left.depth, 1)
	grain := 1 + g.cells*smallProduct/max(macs, 1)
	w.For(count*g.cells, grain, func(lo, hi int) {
		scratch := blockPool.Get().(*blockScratch)
		defer blockPool.Put(scratch)
		for c := lo; c < hi; c++ {
			p := get(c / g.cells)
			i0, i1, j0, j1 := g.cell(c % g.cells)
			p.compute(scratch[:], i0, min(i1, p.Left.rows), j0, min(j1, p.Cols))
		}
	})
}

// smallProduct is the number of multiply-adds up to which one thread is faster than two.
const smallProduct = 1 << 16

// A grid divides a product into cells of whole tiles.
type grid struct{ rowStep, colStep, across, cells int }

// divide chooses cells of at most blockCols columns such that all threads have work; rows are divided only where columns are too few.
func (w *Workers) divide(count, rows, cols int) grid {
	colPanels, rowPanels := max(panels(cols, tileCols), 1), max(panels(rows, tileRows), 1)
	want := 1
	if w.n > 1 {
		want = panels(w.n*4, count) // cells that even out threads of different speed
	}
	colCells := max(panels(colPanels, blockCols/tileCols), min(panels(colPanels, 2), want))
	colStep := panels(colPanels, colCells)
	if rows <= fewRows {
		colStep = panels(colStep, rowPanels) * rowPanels
	}
	across := panels(colPanels, colStep)
	rowCells := 1
	if across*count < w.n {
		rowCells = min(rowPanels, panels(w.n, across*count))
	}
	rowStep := panels(rowPanels, rowCells)
	return grid{rowStep * tileRows, colStep * tileCols, across, across * panels(rowPanels, rowStep)}
}

func (g grid) cell(c int) (i0, i1, j0, j1 int) {
	i0, j0 = c/g.across*g.rowStep, c%g.across*g.colStep
	return i0, i0 + g.rowStep, j0, j0 + g.colStep
}

// compute does rows [i0, i1) and columns [j0, j1) of p.
func (p *Product) compute(scratch []float32, i0, i1, j0, j1 int) {
	depth, whole := p.Left.depth, i1
	if rest := (i1 - i0) % tileRows; rest <= fewRows {
		whole -= rest
	}
	for k0 := 0; k0 < depth; k0 += blockDepth {
		k1 := min(k0+blockDepth, depth)
		right, stride := p.Right.block(scratch, k0, k1, j0, j1)
		for i := i0; i < whole; i += blockRows {
			for j := j0; j < j1; j += 2 * tileCols {
				p.tiles(right[(j-j0)/tileCols*stride:], stride, i, min(i+blockRows, whole), j, min(j+2*tileCols, j1), k0, k1)
			}
		}
		p.rows(right, stride, whole, i1, j0, j1, k0, k1)
	}
	p.finish(i0, i1, j0, j1)
}

// tiles adds the part [k0, k1) of the sums of rows [i0, i1) and of the columns [j0, j1) of one or two panels of the right operand, which start
// stride elements apart.
func (p *Product) tiles(right []float32, stride, i0, i1, j0, j1, k0, k1 int) {
	width := tileCols
	if wideTiles && j1-j0 > tileCols {
		width = 2 * tileCols
	}
	for i := i0; i < i1; i += tileRows {
		left := p.Left.data[i*p.Left.depth+k0*tileRows:]
		for j := j0; j < j1; j += width {
			panels := right[(j-j0)/tileCols*stride:]
			switch {
			case i+tileRows > i1 || j+width > j1:
				p.edge(left, panels, stride, i, i1, j, min(j+width, j1), k0, k1)
			case width > tileCols:
				tileWide(k1-k0, left, panels, stride, p.Out[i*p.Stride+j:], p.Stride, k0 > 0)
			default:
				tile(k1-k0, left, panels, p.Out[i*p.Stride+j:], p.Stride, k0 > 0)
			}
		}
	}
}

// rows is tiles for rows [i0, i1) that are too few for a tile and for the columns of all panels of a block, which start stride elements apart.
func (p *Product) rows(right []float32, stride, i0, i1, j0, j1, k0, k1 int) {
	j := j0
	for ; i0 < i1 && j+rowPanels*tileCols <= j1; j += rowPanels * tileCols {
		for i := i0; i < i1; i++ {
			left := p.Left.data[i/tileRows*tileRows*p.Left.depth+k0*tileRows+i%tileRows:]
			tileRow(k1-k0, left, right[(j-j0)/tileCols*stride:], stride, p.Out[i*p.Stride+j:], k0 > 0)
		}
	}
	for ; i0 < i1 && j < j1; j += 2 * tileCols {
		p.tiles(right[(j-j0)/tileCols*stride:], stride, i0, i1, j, min(j+2*tileCols, j1), k0, k1)
	}
}

// edge computes a tile, or one of two panels, that is not wholly inside the product.
func (p *Product) edge(left, right []float32, stride, i0, i1, j0, j1, k0, k1 int) {
	const width = 2 * tileCols
	var c [tileRows * width]float32
	rows := min(tileRows, i1-i0)
	if k0 > 0 {
		for i := range rows {
			copy(c[i*width:], p.Out[(i0+i)*p.Stride+j0:][:j1-j0])
		}
	}
	if j1-j0 > tileCols {
		tileWide(k1-k0, left, right, stride, c[:], width, k0 > 0)
	} else {
		tile(k1-k0, left, right, c[:], width, k0 > 0)
	}
	for i := range rows {
		copy(p.Out[(i0+i)*p.Stride+j0:][:j1-j0], c[i*width:])
	}
}

// finish applies the epilogue.
func (p *Product) finish(i0, i1, j0, j1 int) {
	for i := i0; i < i1; i++ {
		row := p.Out[i*p.Stride+j0:][:j1-j0]
		if p.Left.depth == 0 {
			clear(row)
		}
		if p.RowBias != nil {
			AddScalar(row, p.RowBias[i])
		}
		if p.ColBias != nil {
			Add(row, row, p.ColBias[j0:j1])
		}
		if p.Then != nil {
			p.Then(row, p.At+i*p.Stride+j0)
		}
		RoundTo(row, p.Round)
	}
}

// tileGeneric computes c += left x right for one tile of which left and right hold depth steps; without load c starts at 0.
func tileGeneric(depth int, left, right, c []float32, stride int, load bool) {
	for i := range tileRows {
		row := c[i*stride:][:tileCols]
		var sum [tileCols]float32
		if load {
			sum = [tileCols]float32(row)
		}
		for k := range depth {
			a := left[k*tileRows+i]
			b := (*[tileCols]float32)(right[k*tileCols:])
			for j := range sum {
				sum[j] += a * b[j]
			}
		}
		copy(row, sum[:])
	}
}

// tileRowGeneric computes row 0 of the tiles of rowPanels panels of the right operand that start apart elements from each other. Left is packed
// as for a tile; c is one row of all panels.
func tileRowGeneric(depth int, left, right []float32, apart int, c []float32, load bool) {
	for p := range rowPanels {
		row := (*[tileCols]float32)(c[p*tileCols:])
		var sum [tileCols]float32
		if load {
			sum = *row
		}
		for k := range depth {
			a := left[k*tileRows]
			b := (*[tileCols]float32)(right[p*apart+k*tileCols:])
			for j := range sum {
				sum[j] += a * b[j]
			}
		}
		*row = sum
	}
}
