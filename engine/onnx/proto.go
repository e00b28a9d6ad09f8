package onnx

// The messages of onnx.proto, as far as they are used. Bytes and strings of large tensors lie in the mapped file.

type modelProto struct {
	irVersion int64
	opsets    map[string]int
	graph     *graphProto
	functions map[string]*functionProto // by domain and name
}

type graphProto struct {
	name         string
	nodes        []*nodeProto
	initializers []*tensorProto
	sparse       []*sparseProto
	inputs       []*valueProto
	outputs      []*valueProto
	values       map[string]*valueProto // value_info
}

type nodeProto struct {
	name, op, domain string
	inputs, outputs  []string
	attrs            map[string]*attrProto
}

type attrProto struct {
	name    string
	ref     string // of a function's attribute
	kind    int64
	f       float32
	i       int64
	s       []byte
	t       *tensorProto
	g       *graphProto
	floats  []float32
	ints    []int64
	strings [][]byte
	sparse  *sparseProto
}

type tensorProto struct {
	name     string
	dims     []int
	dtype    int64
	raw      []byte
	hasRaw   bool
	message  []byte            // of which the typed fields are read when they are needed
	external map[string]string // nil when the data is here
}

type sparseProto struct {
	values, indices *tensorProto
	dims            []int
}

type valueProto struct {
	name     string
	elemType int64  // 0 when it is no tensor
	kind     string // "tensor", "sequence", "map", "optional", "sparse"; "" when not declared
	shape    []int  // -1 where dynamic; nil when not declared
}

type functionProto struct {
	name, domain string
	inputs       []string
	outputs      []string
	attrs        []string
	defaults     map[string]*attrProto
	nodes        []*nodeProto
	opsets       map[string]int
}

// key is the operator's name, with its domain unless that is the default one.
func (n *nodeProto) key() string {
	if n.domain == "" {
		return n.op
	}
	return n.domain + "." + n.op
}

// label is how messages call the node.
func (n *nodeProto) label() string {
	if n.name != "" || len(n.outputs) == 0 {
		return n.name
	}
	return n.outputs[0]
}

// opset is the version of a domain's operators. Other domains than the default one, 0 where it is not imported, have few versions.
func (m *modelProto) opset(domain string) int {
	if v, ok := m.opsets[domain]; ok || domain == "" {
		return v
	}
	return 1
}

// function is the model's own definition of n's operator, nil when it has none.
func (m *modelProto) function(n *nodeProto) *functionProto { return m.functions[n.domain+"."+n.op] }

// eachNode visits the nodes of all graphs and functions.
func (m *modelProto) eachNode(visit func(n *nodeProto)) {
	var inNodes func(nodes []*nodeProto)
	inNodes = func(nodes []*nodeProto) {
		for _, n := range nodes {
			visit(n)
			for _, name := range sortedKeys(n.attrs) {
				if g := n.attrs[name].g; g != nil {
					inNodes(g.nodes)
				}
			}
		}
	}
	inNodes(m.graph.nodes)
	for _, name := range sortedKeys(m.functions) {
		inNodes(m.functions[name].nodes)
	}
}

// freeInputs are the inputs that no initializer gives a value.
func (g *graphProto) freeInputs() []*valueProto {
	given := map[string]bool{}
	for _, t := range g.initializers {
		given[t.name] = true
	}
	for _, s := range g.sparse {
		if s.values != nil {
			given[s.values.name] = true
		}
	}
	var r []*valueProto
	for _, v := range g.inputs {
		if !given[v.name] {
			r = append(r, v)
		}
	}
	return r
}
