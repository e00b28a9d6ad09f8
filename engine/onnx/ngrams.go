package onnx

import (
	"strings"

	"halfway/engine/graph"
)

func init() { register("TfIdfVectorizer", tfIdf) }

// tfIdf counts n-grams of integers.
func tfIdf(c *call) []graph.Port {
	pool := c.ints("pool_int64s")
	if pool == nil {
		c.fail("a pool of strings is not supported")
	}
	attrs := graph.Attrs{"min_gram_length": list([]int{c.int("min_gram_length", 1)}), "max_gram_length": list([]int{c.int("max_gram_length", 1)}),
		"max_skip_count": list([]int{c.int("max_skip_count", 0)}), "mode": c.string("mode", "TF"), "ngram_counts": list(c.ints("ngram_counts")),
		"ngram_indexes": list(c.ints("ngram_indexes")), "pool": list(pool)}
	if a := c.attr("weights"); a != nil {
		weights := make([]string, len(a.floats))
		for i, w := range a.floats {
			weights[i] = number(float64(w))
		}
		attrs["weights"] = strings.Join(weights, ",")
	}
	return c.one("TfIdfVectorizer", attrs, c.input(0))
}
