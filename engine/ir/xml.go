package ir

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// scanner walks over the elements of an XML document with bounded memory.
type scanner struct {
	dec   *xml.Decoder
	in    *limited
	depth int
}

// limited is the decoder's input. It fails when a single token is longer than maxToken.
type limited struct {
	*bufio.Reader
	left int // bytes that the token being read may still take
}

func (l *limited) ReadByte() (byte, error) {
	if l.left--; l.left < 0 {
		return 0, fmt.Errorf("a tag or text is longer than %d bytes", maxToken)
	}
	return l.Reader.ReadByte()
}

func newScanner(r io.Reader) *scanner {
	in := &limited{Reader: bufio.NewReaderSize(r, 1<<16)}
	s := &scanner{dec: xml.NewDecoder(in), in: in}
	s.dec.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("its encoding is %q, but OpenVINO IR must be UTF-8: convert it", charset)
	}
	return s
}

// errorf returns an error that names the line.
func (s *scanner) errorf(format string, args ...any) error {
	line, _ := s.dec.InputPos()
	return fmt.Errorf("line %d: "+format, append([]any{line}, args...)...)
}

// token returns the next tag or text; io.EOF only after the end of the last element.
func (s *scanner) token() (xml.Token, error) {
	s.in.left = maxToken
	t, err := s.dec.Token()
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		return nil, s.malformed(err)
	}
	switch t.(type) {
	case xml.StartElement:
		if s.depth++; s.depth > maxDepth {
			return nil, s.errorf("elements are nested deeper than %d", maxDepth)
		}
	case xml.EndElement:
		s.depth--
	case xml.Directive:
		return nil, s.errorf("document type declarations are not allowed")
	}
	return t, nil
}

func (s *scanner) malformed(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) && syntax.Msg == "unexpected EOF" {
		return fmt.Errorf("line %d: the file ends inside an element: it is truncated", syntax.Line)
	} else if syntax != nil {
		return fmt.Errorf("line %d: %s", syntax.Line, syntax.Msg)
	}
	return err
}

// root returns the first element.
func (s *scanner) root() (xml.StartElement, error) {
	for {
		t, err := s.token()
		if err == io.EOF {
			return xml.StartElement{}, errors.New("it holds no XML element")
		}
		if err != nil {
			return xml.StartElement{}, err
		}
		if e, ok := t.(xml.StartElement); ok {
			return e, nil
		}
	}
}

// children calls visit for each child of the element whose start tag was read last, and returns after its end tag. A visit that does not
// descend into the child's own children leaves them to be skipped.
func (s *scanner) children(visit func(e xml.StartElement) error) error {
	level := s.depth
	for s.depth >= level {
		t, err := s.token()
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); ok && s.depth == level+1 {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// text returns the text directly inside the element whose start tag was read last, without surrounding space, and returns after its end.
func (s *scanner) text() (string, error) {
	level := s.depth
	var b strings.Builder
	for s.depth >= level {
		t, err := s.token()
		if err != nil {
			return "", err
		}
		if c, ok := t.(xml.CharData); ok && s.depth == level {
			b.Write(c)
		}
	}
	return strings.TrimSpace(b.String()), nil
}

// attr returns an attribute's value and whether it is there.
func attr(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

// required returns an attribute's value, or an error when it is missing.
func (s *scanner) required(e xml.StartElement, name string) (string, error) {
	v, ok := attr(e, name)
	if !ok {
		return "", s.errorf("element <%s> has no attribute %q", e.Name.Local, name)
	}
	return v, nil
}
