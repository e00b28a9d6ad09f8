package report

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"halfway/bisect"
)

// A list is a form in which another tool takes the nodes that are to stay in f32.
type list struct {
	name  string
	onnx  bool // the tool knows ONNX nodes alone
	write func(w io.Writer, names []string) error
}

var lists = []list{
	{"autocast", true, func(w io.Writer, names []string) error { return JSON(w, exactly(names)) }},
	{"nncf", false, func(w io.Writer, names []string) error { return JSON(w, ignoredScope{names, false}) }},
	{"node_block_list", true, func(w io.Writer, names []string) error { return JSON(w, names) }},
	{"tensorrt", true, layerPrecisions},
}

// ignoredScope are arguments of nncf.IgnoredScope, which otherwise refuses names that a model lacks, such as those which a reader made up.
type ignoredScope struct {
	Names    []string `json:"names"`
	Validate bool     `json:"validate"`
}

// Lists are the names that List knows.
func Lists() []string {
	var names []string
	for _, l := range lists {
		names = append(names, l.name)
	}
	return names
}

// List writes the nodes that r keeps in f32, by the names that they have in the model itself, as another tool takes them:
//
//	node_block_list  a JSON list, for float16.convert_float_to_float16 of onnxconverter-common
//	autocast         a JSON list of regular expressions, for nodes_to_exclude of ModelOpt's AutoCast
//	tensorrt         arguments of trtexec
//	nncf             a JSON object, the arguments of nncf.IgnoredScope
//
// All but the last are for ONNX models. A node without a name goes by its first output, one that makes an output of the model by that output, as in
// OpenVINO: these tools know it only once it is called so. A result whose nodes arise only in the plugin has nothing to list, which is an error.
func List(w io.Writer, r *bisect.Result, name string) error {
	i := slices.IndexFunc(lists, func(l list) bool { return l.name == name })
	if i < 0 {
		return fmt.Errorf("there is no list %q: it is one of %s", name, strings.Join(Lists(), ", "))
	}
	onnx := strings.EqualFold(filepath.Ext(r.Model.Path), ".onnx")
	if lists[i].onnx && !onnx {
		return fmt.Errorf("%s takes the nodes of ONNX models, but the result is about %q: bisect the .onnx", name, r.Model.Path)
	}
	var names []string
	for _, k := range r.KeepF32 {
		if k.Graph != "" {
			return fmt.Errorf("%s takes no nodes of bodies, such as %q", name, k.Tag)
		}
		if names = append(names, own(k.From, onnx)...); !lists[i].onnx {
			names = append(names, k.From...) // which NNCF sees where OpenVINO has read the ONNX model
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return errors.New("the result names none of the model's own nodes to keep in f32: there is nothing to list")
	}
	return lists[i].write(w, names)
}

// own undoes what OpenVINO's reader of ONNX makes of names: a node with a bias is read as two, NAME/WithoutBiases and NAME.
func own(names []string, onnx bool) []string {
	var list []string
	for _, n := range names {
		if onnx {
			n = strings.TrimSuffix(n, "/WithoutBiases")
		}
		list = append(list, n)
	}
	return list
}

// exactly are regular expressions that match the names alone.
func exactly(names []string) []string {
	var list []string
	for _, n := range names {
		list = append(list, "^"+regexp.QuoteMeta(n)+"$")
	}
	return list
}

// layerPrecisions writes the arguments, quoted for a POSIX shell. A specification is NAME:PRECISION, several are parted by commas, and * is a wildcard.
func layerPrecisions(w io.Writer, names []string) error {
	var specs []string
	for _, n := range names {
		if strings.ContainsAny(n, ",:*\n") {
			return fmt.Errorf("the node %q has a comma, colon, asterisk or line break in its name, which trtexec takes as its own", n)
		}
		specs = append(specs, n+":fp32")
	}
	_, err := fmt.Fprintf(w, "--precisionConstraints=obey --layerPrecisions='%s'\n", strings.ReplaceAll(strings.Join(specs, ","), "'", `'\''`))
	return err
}
