package tensor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// ReadNPY reads one array in numpy's npy format, versions 1.0 to 3.0, from r, which holds size bytes: nothing is allocated for more than
// that, and both fewer and more bytes than the array needs are an error. Arrays of floats (bfloat16 as numpy writes it, as V2, too), integers
// and booleans are read, of either byte order; arrays in Fortran order are transposed into row-major order.
func ReadNPY(r io.Reader, size int64) (*Tensor, error) {
	h, used, err := readNPYHeader(r, size)
	if err != nil {
		return nil, err
	}
	n, err := Elements(h.shape)
	if err != nil {
		return nil, err
	}
	if want, found := StoredBytes(h.dtype, n), size-used; want != found {
		return nil, fmt.Errorf("an array of %s%v needs %d bytes of data, found %d", h.dtype, h.shape, want, found)
	}
	data, err := readExactly(r, size-used)
	if err != nil {
		return nil, fmt.Errorf("array data: %w", err)
	}
	if h.bigEndian {
		swapBytes(data, h.dtype.Bits()/8)
	}
	if !h.fortran || len(h.shape) < 2 {
		return Raw{Type: h.dtype, Shape: h.shape, Bytes: data}.Decode()
	}
	return readFortran(h, data)
}

// ReadNPYFile reads an .npy file.
func ReadNPYFile(path string) (*Tensor, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("read array %s: %w", path, err)
	}
	defer f.Close()
	t, err := ReadNPY(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read array %s: %w", path, err)
	}
	return t, nil
}

// openRegular opens a regular file. It looks before it opens, since opening a pipe would wait for a writer.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	if err := regular(os.Stat(path)); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, errors.Unwrap(err)
	}
	info, err := f.Stat()
	if err := regular(info, err); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// firstRead is how much is allocated before any byte has been seen.
const firstRead = 1 << 24

// readExactly reads n bytes. Memory grows with what is really there, so that a false n costs nothing.
func readExactly(r io.Reader, n int64) ([]byte, error) {
	b := make([]byte, min(n, firstRead))
	for read := 0; ; {
		if _, err := io.ReadFull(r, b[read:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		read = len(b)
		if int64(read) == n {
			return b, nil
		}
		b = slices.Grow(b, int(min(int64(read), n-int64(read))))
		b = b[:min(int64(cap(b)), n)]
	}
}

func swapBytes(b []byte, size int) {
	for ; len(b) >= size && size > 1; b = b[size:] {
		slices.Reverse(b[:size])
	}
}

// readFortran decodes data whose first axis varies fastest.
func readFortran(h npyHeader, data []byte) (*Tensor, error) {
	reversed := slices.Clone(h.shape)
	slices.Reverse(reversed)
	t, err := Raw{Type: h.dtype, Shape: reversed, Bytes: data}.Decode()
	if err != nil {
		return nil, err
	}
	return t.reverseAxes(), nil
}

// reverseAxes returns t with its axes in the opposite order.
func (t *Tensor) reverseAxes() *Tensor {
	shape := slices.Clone(t.Shape)
	slices.Reverse(shape)
	r := New(t.Type, shape...)
	reverseInto(r.view(), t.view(), shape, t.Type.KeptBytes())
	return r
}

// reverseInto copies elements of size bytes: dst is row-major of the given shape, the first axis of src varies fastest.
func reverseInto(dst, src []byte, shape []int, size int) {
	stride := make([]int, len(shape))
	step := 1
	for a, d := range shape {
		stride[a] = step
		step *= d
	}
	index := make([]int, len(shape))
	for from, to := 0, 0; to < len(dst); to += size {
		copy(dst[to:to+size], src[from*size:])
		for a := len(shape) - 1; a >= 0; a-- {
			from += stride[a]
			if index[a]++; index[a] < shape[a] {
				break
			}
			from -= stride[a] * shape[a]
			index[a] = 0
		}
	}
}
