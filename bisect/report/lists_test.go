package report

import (
	"strings"
	"testing"

	"halfway/bisect"
)

// TestList: the forms are those that the tools take. onnxconverter-common compares names, AutoCast matches regular expressions, trtexec --help gives the
// grammar of --layerPrecisions, and nncf.IgnoredScope has these arguments.
func TestList(t *testing.T) {
	kept := func(graph string, from ...string) bisect.Kept {
		return bisect.Kept{Graph: graph, Tag: "A@a", From: from}
	}
	for _, c := range []struct {
		name, model, list string
		kept              []bisect.Kept
		want, fails       string
	}{
		{"names once, in order", "m.onnx", "node_block_list", []bisect.Kept{kept("", "b", "a"), kept("", "a")}, `["a","b"]`, ""},
		{"a convolution with its bias is one node", "m.ONNX", "node_block_list", []bisect.Kept{kept("", "c/WithoutBiases"), kept("", "c")}, `["c"]`, ""},
		{"names are no expressions", "m.onnx", "autocast", []bisect.Kept{kept("", "a.b+c")}, `["^a\\.b\\+c$"]`, ""},
		{"specifications of layers", "m.onnx", "tensorrt", []bisect.Kept{kept("", "a/b", "it's")},
			`--precisionConstraints=obey--layerPrecisions='a/b:fp32,it'\''s:fp32'`, ""},
		{"a name that breaks the grammar", "m.onnx", "tensorrt", []bisect.Kept{kept("", "out:0")}, "", `the node "out:0" has a comma, colon`},
		{"an IR keeps its names", "m.xml", "nncf", []bisect.Kept{kept("", "c/WithoutBiases")}, `{"names":["c/WithoutBiases"],"validate":false}`, ""},
		{"an IR has no ONNX nodes", "m.xml", "autocast", []bisect.Kept{kept("", "a")}, "", "takes the nodes of ONNX models"},
		{"an ONNX model, read as such or by OpenVINO", "m.onnx", "nncf", []bisect.Kept{kept("", "c/WithoutBiases")},
			`{"names":["c","c/WithoutBiases"],"validate":false}`, ""},
		{"nodes of bodies", "m.onnx", "nncf", []bisect.Kept{kept("/loop", "a")}, "", "takes no nodes of bodies"},
		{"nodes that only the plugin has", "m.onnx", "nncf", []bisect.Kept{kept("")}, "", "none of the model's own nodes"},
		{"a list that does not exist", "m.onnx", "csv", []bisect.Kept{kept("", "a")}, "", `there is no list "csv"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			err := List(&b, &bisect.Result{Model: bisect.ModelInfo{Path: c.model}, KeepF32: c.kept}, c.list)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || b.Len() > 0 {
					t.Errorf("%v and %q, want the error %q", err, b.String(), c.fails)
				}
				return
			}
			if got := strings.Join(strings.Fields(b.String()), ""); err != nil || got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
		})
	}
}
