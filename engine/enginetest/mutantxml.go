package enginetest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
)

var integers = regexp.MustCompile(`^\s*-?\d+(\s*,\s*-?\d+)*\s*$`)

// readXML has a part for every element, of its name's kind, in it a leaf for every attribute and text, of the kind element/attribute.
func readXML(file []byte) (*part, error) {
	root := &part{}
	open := []*part{root}
	for d := xml.NewDecoder(bytes.NewReader(file)); ; {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return root, nil
		} else if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &part{kind: token.Name.Local}
			for _, a := range token.Attr {
				e.parts = append(e.parts, textLeaf(e.kind+"/"+a.Name.Local, a.Value))
			}
			top.parts, open = append(top.parts, e), append(open, e)
		case xml.EndElement:
			if len(open) > 1 {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				top.parts = append(top.parts, textLeaf(top.kind+"/", text))
			}
		}
	}
}

func textLeaf(kind, value string) *part {
	return &part{kind: kind, value: value, leaf: true, numbers: integers.MatchString(value)}
}

func writeXML(root *part) []byte {
	b := bytes.NewBufferString("<?xml version=\"1.0\"?>\n")
	for _, p := range root.parts {
		writeElement(b, p)
	}
	return b.Bytes()
}

func writeElement(b *bytes.Buffer, e *part) {
	if e.leaf {
		return // text outside of any element
	}
	b.WriteString("<" + e.kind)
	for _, p := range e.parts {
		if _, attribute, _ := strings.Cut(p.kind, "/"); p.leaf && attribute != "" {
			b.WriteString(" " + attribute + `="` + escape(p.value) + `"`)
		}
	}
	b.WriteString(">")
	for _, p := range e.parts {
		if !p.leaf {
			writeElement(b, p)
		} else if strings.HasSuffix(p.kind, "/") {
			b.WriteString(escape(p.value))
		}
	}
	b.WriteString("</" + e.kind + ">\n")
}

// escape leaves bytes alone that are not UTF-8, which xml.EscapeText would replace.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace
