package openvino_test

import (
	"context"
	"testing"

	"halfway/engine"
)

// BenchmarkProbe runs another prefix each time, as a search does: an import of the marked model, one inference, the execution graph.
func BenchmarkProbe(b *testing.B) {
	for _, name := range []string{"mnist", "blazeface", "mlsd", "magika", "llama-outlier-f32", "gtcrn"} {
		b.Run(name, func(b *testing.B) {
			e, s := readCase(b, name).open(b, "plugin")
			list, err := e.Candidates(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			for i := 0; b.Loop(); i++ {
				if _, err := e.Run(context.Background(), engine.Prefix(list, i*7%len(list)), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
