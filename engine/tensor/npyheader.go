package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const npyMagic = "\x93NUMPY"

// maxNPYHeader is far above the header of any plain array; numpy itself trusts 10,000 characters.
const maxNPYHeader = 1 << 16

type npyHeader struct {
	dtype     DType
	bigEndian bool
	fortran   bool
	shape     []int
}

// readNPYHeader reads everything before the data and returns its length. Source: numpy.lib.format.
func readNPYHeader(r io.Reader, size int64) (h npyHeader, used int64, err error) {
	var start [12]byte
	if _, err := io.ReadFull(r, start[:8]); err != nil || string(start[:6]) != npyMagic {
		return h, 0, errors.New("it is not an npy array: it does not start as one")
	}
	lengthBytes := 2
	switch v := start[6]; v {
	case 1:
	case 2, 3:
		lengthBytes = 4
	default:
		return h, 0, fmt.Errorf("npy version %d.%d is not supported (1.0, 2.0 and 3.0 are)", v, start[7])
	}
	if _, err := io.ReadFull(r, start[8:8+lengthBytes]); err != nil {
		return h, 0, errors.New("the npy header is truncated")
	}
	length := int64(binary.LittleEndian.Uint32(start[8:])) // the upper half is zero in version 1
	used = int64(8+lengthBytes) + length
	if length > maxNPYHeader || used > size {
		return h, 0, fmt.Errorf("the npy header claims %d bytes, found %d", length, size-int64(8+lengthBytes))
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, 0, errors.New("the npy header is truncated")
	}
	h, err = parseNPYHeader(string(text))
	if err != nil {
		return h, 0, fmt.Errorf("npy header: %w", err)
	}
	return h, used, nil
}

// pyDict scans the Python literal that the header is: a dict of strings, booleans and a tuple.
type pyDict struct{ rest string }

func (p *pyDict) accept(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *pyDict) expect(token string) error {
	if !p.accept(token) {
		return fmt.Errorf("expected %q, found %.20q", token, p.rest)
	}
	return nil
}

// text reads a quoted string. Escapes do not occur in headers.
func (p *pyDict) text() (string, error) {
	quote := `'`
	if !p.accept(quote) {
		quote = `"`
		if err := p.expect(quote); err != nil {
			return "", err
		}
	}
	s, rest, ok := strings.Cut(p.rest, quote)
	if !ok {
		return "", errors.New("a string does not end")
	}
	p.rest = rest
	return s, nil
}

func (p *pyDict) bool() (bool, error) {
	if p.accept("True") {
		return true, nil
	}
	return false, p.expect("False")
}

// ints reads a tuple of sizes; Python 2 wrote some of them with an L.
func (p *pyDict) ints() ([]int, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	r := []int{}
	for !p.accept(")") {
		digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		v, err := strconv.Atoi(p.rest[:digits])
		if err != nil {
			return nil, fmt.Errorf("shape: expected a size, found %.20q", p.rest)
		}
		r = append(r, v)
		p.rest = p.rest[digits:]
		p.accept("L")
		if !p.accept(",") {
			return r, p.expect(")")
		}
	}
	return r, nil
}

func parseNPYHeader(text string) (h npyHeader, err error) {
	p := &pyDict{text}
	if err := p.expect("{"); err != nil {
		return h, err
	}
	seen := map[string]bool{}
	for !p.accept("}") {
		key, err := p.text()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("%q occurs twice", key)
		}
		seen[key] = true
		if err := p.expect(":"); err != nil {
			return h, err
		}
		if err := h.field(key, p); err != nil {
			return h, err
		}
		if !p.accept(",") {
			if err := p.expect("}"); err != nil {
				return h, err
			}
			break
		}
	}
	if p.accept(""); p.rest != "" {
		return h, fmt.Errorf("%.20q follows the dict", p.rest)
	}
	if len(seen) != 3 {
		return h, errors.New("descr, fortran_order or shape is missing")
	}
	return h, nil
}

func (h *npyHeader) field(key string, p *pyDict) (err error) {
	switch key {
	case "descr":
		if p.accept("[") {
			return errors.New("structured arrays are not supported: save each field as an array")
		}
		var descr string
		if descr, err = p.text(); err == nil {
			h.dtype, h.bigEndian, err = parseDescr(descr)
		}
	case "fortran_order":
		h.fortran, err = p.bool()
	case "shape":
		h.shape, err = p.ints()
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

// descrs are numpy's codes without the byte order. V2 is how numpy writes the bfloat16 of ml_dtypes.
var descrs = map[string]DType{
	"f2": F16, "f4": F32, "f8": F64, "V2": BF16, "b1": Bool,
	"i1": I8, "i2": I16, "i4": I32, "i8": I64, "u1": U8, "u2": U16, "u4": U32, "u8": U64,
}

func parseDescr(s string) (t DType, bigEndian bool, err error) {
	code := strings.TrimLeft(s, "<>|=")
	t, ok := descrs[code]
	switch {
	case ok && len(s) == 3 && s[0] != '=':
		return t, s[0] == '>', nil
	case strings.HasPrefix(code, "O"):
		return t, false, errors.New("arrays of Python objects are not supported: save numbers, not lists of arrays")
	}
	return t, false, fmt.Errorf("element type %q is not supported: give floats, integers or booleans", s)
}
