package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestMaxPool(t *testing.T) {
	bothLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for range 100 {
			g := randomWindow(r)
			in := random(r, 3*volume(g.In))
			in[r.IntN(len(in))] = float32(math.NaN())
			var want []float32
			for plane := range 3 {
				for p := range volume(g.Out) {
					best := float32(-math.MaxFloat32)
					g.Visit(p, func(_, at int) {
						if v := in[plane*volume(g.In)+at]; v > best {
							best = v
						}
					})
					want = append(want, best)
				}
			}
			w := NewWorkers(2)
			got := make([]float32, len(want))
			w.MaxPool(got, in, &g, 3)
			t.Run(fmt.Sprintf("%+v", g), func(t *testing.T) { equalBits(t, got, want) })
			w.Close()
		}
	})
}
