package ir

import (
	"bytes"
	"fmt"

	"halfway/engine/graph"
)

// A Place is where in the XML a layer takes an attribute of its runtime information.
type Place struct {
	Offset int64 // in bytes
	Open   bool  // the layer has no <rt_info> yet
}

// ReadMarkable reads a model whose XML and constants are in memory, and where in the XML each of its nodes takes a mark, those of bodies too. Name
// is what messages call it. The graph uses constants as they are.
func ReadMarkable(name string, xml, constants []byte) (*graph.Graph, map[*graph.Node]Place, error) {
	if constants == nil {
		constants = []byte{}
	}
	n, err := parse(bytes.NewReader(xml))
	if err != nil {
		return nil, nil, fmt.Errorf("read model %s: %w", name, err)
	}
	b := builder{file: name, weights: &weights{path: name, given: constants}, places: map[*graph.Node]Place{}}
	g, err := b.build(n)
	if err != nil {
		return nil, nil, fmt.Errorf("read model %s: %w", name, err)
	}
	for node, p := range b.places {
		if !p.Open && xml[p.Offset-2] == '/' { // <rt_info/>: a second one in front of it, of which readers take the first
			b.places[node] = Place{int64(bytes.LastIndexByte(xml[:p.Offset], '<')), true}
		}
	}
	return g, b.places, nil
}
