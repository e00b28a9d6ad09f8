package enginetest

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// messages are the fields of onnx.proto that are messages, and packed those that are integers in a row, by the message they lie in.
var (
	messages = map[string]map[protowire.Number]string{
		"model":      {7: "graph", 8: "opset", 14: "metadata", 25: "function"},
		"graph":      {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"},
		"node":       {5: "attribute"},
		"attribute":  {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
		"tensor":     {13: "external"},
		"value":      {2: "type"},
		"type":       {1: "tensortype", 4: "sequencetype", 9: "type"},
		"tensortype": {2: "shape"}, "sequencetype": {1: "type"},
		"shape":    {1: "dimension"},
		"function": {7: "node", 9: "opset", 11: "attribute"},
	}
	packed = map[string]map[protowire.Number]bool{"tensor": {1: true, 5: true, 7: true}, "attribute": {8: true}}
)

// values are the kinds whose strings stand for each other: names of values, wherever they are said.
var values = map[string]string{"node.1": "name", "node.2": "name", "value.1": "name"}

// readProto has a part for every field, of the kind message.number; its leaves are texts, integers, or raw where the wire has fixed bytes.
func readProto(file []byte) (*part, error) {
	root := &part{kind: "model"}
	return root, readMessage(root, "model", file)
}

func readMessage(p *part, message string, b []byte) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, wire, b[n:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		field, err := readField(message, number, wire, b[n:n+size])
		if err != nil {
			return err
		}
		p.parts = append(p.parts, field)
		b = b[n+size:]
	}
	return nil
}

// readField's tag is number.type, with .packed where the integers are in a row.
func readField(message string, number protowire.Number, wire protowire.Type, b []byte) (*part, error) {
	name := message + "." + strconv.Itoa(int(number))
	p := &part{kind: cmp.Or(values[name], name), tag: fmt.Sprintf("%d.%d", number, wire), leaf: true, value: string(b)}
	switch wire {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(b)
		p.value, p.numbers = strconv.FormatInt(int64(v), 10), true
	case protowire.BytesType:
		inner, _ := protowire.ConsumeBytes(b)
		p.value = string(inner)
		if packed[message][number] && len(inner) < 1<<12 {
			p.tag, p.value, p.numbers = p.tag+".packed", unpack(inner), true
		} else if m := messages[message][number]; m != "" {
			p.leaf = false
			return p, readMessage(p, m, inner)
		}
	}
	return p, nil
}

func unpack(b []byte) string {
	var items []string
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			break
		}
		items, b = append(items, strconv.FormatInt(int64(v), 10)), b[n:]
	}
	return strings.Join(items, ",")
}

func writeProto(root *part) []byte {
	var b []byte
	for _, p := range root.parts {
		b = appendField(b, p)
	}
	return b
}

func appendField(b []byte, p *part) []byte {
	parts := strings.Split(p.tag, ".")
	number, wire := integer(parts[0]), protowire.Type(integer(parts[1]))
	b = protowire.AppendTag(b, protowire.Number(number), wire)
	switch {
	case !p.leaf:
		return protowire.AppendBytes(b, writeProto(p))
	case len(parts) == 3:
		var inner []byte
		for item := range strings.SplitSeq(p.value, ",") {
			inner = protowire.AppendVarint(inner, uint64(integer(item)))
		}
		return protowire.AppendBytes(b, inner)
	case wire == protowire.VarintType:
		return protowire.AppendVarint(b, uint64(integer(p.value)))
	case wire == protowire.BytesType:
		return protowire.AppendString(b, p.value)
	case wire == protowire.Fixed32Type:
		return append(b, padded(p.value, 4)...)
	case wire == protowire.Fixed64Type:
		return append(b, padded(p.value, 8)...)
	}
	return append(b, p.value...)
}

// integer is the first number of a list, 0 where there is none.
func integer(text string) int64 {
	text, _, _ = strings.Cut(text, ",")
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !strings.HasPrefix(text, "9") {
		return 0
	} else if err != nil {
		return math.MaxInt64
	}
	return v
}

func padded(text string, size int) string {
	return (text + strings.Repeat("\xff", size))[:size]
}
