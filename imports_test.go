package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// allowed says which packages of the module each one may import: data flows one way (a search knows no engine by name, no engine knows the
// search, patterns and tensors know nobody)..
var allowed = map[string]string{
	"halfway":                    "cmd",
	"halfway/cmd":                "bisect/report bisect compare patterns engine engine/builtin engine/command engine/onnxruntime engine/openvino engine/tensor",
	"halfway/bisect/report":      "bisect compare patterns engine",
	"halfway/bisect":             "compare patterns engine engine/tensor",
	"halfway/compare":            "engine engine/tensor",
	"halfway/patterns":           "",
	"halfway/engine":             "engine/tensor",
	"halfway/engine/tensor":      "",
	"halfway/engine/enginetest":  "engine engine/tensor",
	"halfway/engine/graph":       "engine/tensor",
	"halfway/engine/ir":          "engine/graph engine/tensor",
	"halfway/engine/ir/keep":     "",
	"halfway/engine/onnx":        "engine/graph engine/ops engine/tensor",
	"halfway/engine/passes":      "engine/graph engine/kernel engine/ops engine/tensor",
	"halfway/engine/kernel":      "engine/tensor",
	"halfway/engine/ops":         "engine/graph engine/kernel engine/tensor",
	"halfway/engine/command":     "engine engine/program engine/tensor patterns",
	"halfway/engine/program":     "",
	"halfway/engine/python":      "engine engine/program engine/tensor",
	"halfway/engine/onnxruntime": "engine engine/builtin engine/onnx engine/python engine/tensor",
	"halfway/engine/openvino":    "engine engine/graph engine/ir engine/ir/keep engine/ops engine/python engine/tensor patterns",
	"halfway/engine/builtin":     "engine engine/graph engine/ir engine/kernel engine/onnx engine/ops engine/passes engine/tensor patterns",
}

func TestImportsFlowOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		checkImports(t, p.ImportPath, p.Imports)
	}
}

func checkImports(t *testing.T, path string, imports []string) {
	list, known := allowed[path]
	if !known {
		t.Errorf("package %s has no row in the table of allowed imports", path)
	}
	may := map[string]bool{}
	for _, p := range strings.Fields(list) {
		may["halfway/"+p] = true
	}
	for _, i := range imports {
		if strings.HasPrefix(i, "halfway/") && !may[i] {
			t.Errorf("%s imports %s, which the architecture does not allow", path, i)
		}
	}
}
