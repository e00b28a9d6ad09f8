package report

import (
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"halfway/engine"
	"halfway/patterns"
)

// NodesSchema names the form of Nodes; nodes.schema.json describes it.
const NodesSchema = "halfway/nodes/1"

// Nodes is the list of a model's candidates.
type Nodes struct {
	Schema    string  `json:"schema"`
	Model     string  `json:"model"`
	View      string  `json:"view"`
	Precision string  `json:"precision"`
	Nodes     []Node  `json:"nodes"`
	Others    []Other `json:"others,omitempty"` // the nodes that are no candidates, where they were asked for
}

// An Other is a node that is no candidate, and why.
type Other struct {
	Graph     string `json:"graph"`
	Tag       string `json:"tag"`
	TagBase64 string `json:"tag_base64,omitempty"`
	Reason    string `json:"reason"`
}

// A Node is one candidate.
type Node struct {
	Graph     string `json:"graph"`
	Index     int    `json:"index"`
	Tag       string `json:"tag"`
	TagBase64 string `json:"tag_base64,omitempty"` // where the tag is not UTF-8
	Role      string `json:"role"`
	Block     string `json:"block"`
	Unit      int    `json:"unit"` // place in this list of the unit's head
	Op        string `json:"op"`
	Shape     []int  `json:"shape"` // null when not known, -1 for a dimension that is not
	MACs      int64  `json:"macs"`
	Bytes     int64  `json:"bytes"`
}

// NewNodes lists candidates.
func NewNodes(model, view, precision string, candidates []engine.Candidate) *Nodes {
	n := &Nodes{Schema: NodesSchema, Model: model, View: view, Precision: precision, Nodes: []Node{}}
	for _, c := range candidates {
		node := Node{Graph: c.Graph, Index: c.Index, Tag: c.Tag, Role: c.Role, Block: patterns.Block(c.Name), Unit: c.Unit, Op: c.Op, Shape: c.Shape,
			MACs: c.MACs, Bytes: c.Bytes}
		node.TagBase64 = rawTag(c.Tag)
		n.Nodes = append(n.Nodes, node)
	}
	return n
}

// rawTag is a tag's bytes where they are not UTF-8, else "".
func rawTag(tag string) string {
	if utf8.ValidString(tag) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(tag))
}

// AddOthers adds nodes that are no candidates.
func (n *Nodes) AddOthers(others []engine.Other) {
	for _, o := range others {
		n.Others = append(n.Others, Other{o.Graph, o.Tag, rawTag(o.Tag), o.Reason})
	}
}

// Text writes the list as a table.
func (n *Nodes) Text(w io.Writer) error {
	t := table{right: []bool{true, true, false, false, false, true, true}}
	t.add("index", "unit", "tag", "op", "shape", "MACs", "bytes", "block", "role")
	for _, c := range n.Nodes {
		index := strconv.Itoa(c.Index)
		if c.Graph != "" {
			index = Printable(c.Graph) + ":" + index
		}
		t.add(index, strconv.Itoa(c.Unit), Printable(c.Tag), c.Op, shapeText(c.Shape), strconv.FormatInt(c.MACs, 10),
			strconv.FormatInt(c.Bytes, 10), Printable(c.Block), Printable(c.Role))
	}
	if err := t.write(w, ""); err != nil || len(n.Others) == 0 {
		return err
	}
	others := table{}
	others.add("no candidate", "why")
	for _, o := range n.Others {
		others.add(Printable(o.Tag), o.Reason)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return others.write(w, "")
}

func shapeText(shape []int) string {
	if shape == nil {
		return "?"
	}
	parts := make([]string, len(shape))
	for i, d := range shape {
		if parts[i] = strconv.Itoa(d); d < 0 {
			parts[i] = "?"
		}
	}
	return "[" + strings.Join(parts, ",") + "]"
}
