// Package passes rewrites a graph as the plugin's model-level transformations do before it counts nodes: they decide which nodes there are,
// of which type and under which name. One file a pass. A pass changes only what its description names and keeps the graph well-formed.
package passes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"halfway/engine/graph"
)

// A pass rewrites the graph in place.
type pass func(r *rewriter)

// plain is the view of the file's own operations.
var plain = []pass{matMulToFullyConnected, fullyConnectedBias}

// plugin is what the plugin does before it counts nodes, its snippets left out.
var plugin = slices.Concat(preparation, common, opsetConversion, lowPrecisions, afterLowPrecision, cpuOpset)

// withSnippets is the same with the plugin's default snippets.
var withSnippets = slices.Concat(preparation, common, opsetConversion, lowPrecisions, afterLowPrecision, []pass{snippets}, cpuOpset)

var (
	// preparation runs before the plugin's common passes.
	preparation = slices.Concat([]pass{beforeAll, compressedGather, transposeMatMul, keepDecompressions}, symbolicOptimizations,
		[]pass{simplifyGatherShapeOf, transposeShapeOf, statefulAttention})

	// common are MOCTransformations and CommonOptimizations.
	common = slices.Concat([]pass{constantFolding}, shapeSubgraphs(nopElimination), []pass{
		sharedOps, slicesToSplit, joinSlices, dropBroadcasts, lateBroadcasts, reduceBeforeUnsqueeze, transposeSinking, transposeMatMul,
		nopElimination, constantFolding,
		commonFusions, concatFusion,
		firstDecompositions, linearOps, convolutionFusions, constantFolding,
		alignRanks, sharedOps, constantFolding,
	}, symbolicOptimizations, []pass{
		uniqueNames,
		commonDecompositions, nopElimination, groupNormalizations, dereshape, constantFolding,
		linearOps, multiplyFusions, constantFolding,
		downgrade, fakeQuantizeFusions, strides,
	})

	// opsetConversion follows them.
	opsetConversion = []pass{transposeSinking, transposeMatMul, shapeOf32, constantFolding, convertPrecision, keepWanted, constantFolding}

	// lowPrecisions computes in 8-bit integers what the model quantizes to them.
	lowPrecisions = []pass{lowPrecision, constantFolding}

	// afterLowPrecision are the passes behind the quantization of the model.
	afterLowPrecision = []pass{broadcastByMultiply, slopesPerChannel, moveEltwise, constantFolding, fuseRoPE, fuseRMS, markRoPE, markRange}

	// cpuOpset turns to the operations that only the plugin has.
	cpuOpset = []pass{fullyConnected, fuseBias, takeCompressed, quantizedFullyConnected, alignMatMuls, powerStatic, leakyRelu, swishCPU, reshapeSequence, transposeToReshape, constantFolding}
)

// views are the lists of passes, in the order in which they run.
var views = map[string][]pass{"plain": plain, "plugin": plugin, "snippets": withSnippets}

// Views returns the names of the views that Apply knows, sorted.
func Views() []string { return slices.Sorted(maps.Keys(views)) }

// Apply returns g as the named view shows it; g is not changed. A graph that the plugin exported is shown as it is in every view. Shapes are those of the parameters, by index, where they differ from what the
// file declares; nil leaves all as they are.
func Apply(g *graph.Graph, view string, shapes [][]int) (*graph.Graph, error) {
	list, ok := views[view]
	if !ok {
		return nil, fmt.Errorf("view %q is not known: there is %s", view, strings.Join(Views(), ", "))
	}
	r := newRewriter(g.Clone())
	if exported(g) {
		list = nil
		asExported(r)
	}
	if view != "plain" {
		r.inferAll(shapes)
	}
	for _, p := range list {
		if r.err == nil {
			p(r)
		}
	}
	return r.finish()
}

// rules makes a pass that tries the rules of each node's operation in turn until one applies.
func rules(table map[string][]rule) pass {
	return func(r *rewriter) {
		r.each(func(n *graph.Node) {
			for _, rule := range table[n.Op] {
				if rule(r, n) {
					return
				}
			}
		})
	}
}

// constantPath tells, by node id, which values depend on constants alone. A graph with a cycle has none: the next pass over it reports that.
func constantPath(g *graph.Graph) []bool {
	constant := make([]bool, len(g.Nodes))
	order, err := g.Order()
	if err != nil {
		return constant
	}
	for _, n := range order {
		varies := n.Op == "Parameter" || n.Op == "ReadValue" || len(n.In) == 0 && n.Op != "Constant"
		constant[n.ID] = !varies && !slices.ContainsFunc(n.In, func(p graph.Port) bool { return !constant[p.Node.ID] })
	}
	return constant
}
