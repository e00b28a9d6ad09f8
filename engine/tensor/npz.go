package tensor

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Named is a tensor with its key in an archive.
type Named struct {
	Name   string
	Tensor *Tensor
}

// Compressed archives may expand to archiveFloor bytes, or to archiveRatio times their size where that is more.
const (
	archiveFloor = 2 << 30
	archiveRatio = 64
)

// ReadNPZ reads a numpy archive, in the order of its members. Members that are not npy arrays, keys that occur twice and archives that expand
// beyond reason are errors.
func ReadNPZ(path string) ([]Named, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("read archive %s: %w", path, err)
	}
	defer f.Close()
	named, err := readNPZ(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read archive %s: %w", path, err)
	}
	return named, nil
}

// ReadArrays reads an .npz archive or an .npy array, told apart by how they start. Like numpy.savez it calls an array without a name arr_0.
func ReadArrays(path string) ([]Named, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("read arrays %s: %w", path, err)
	}
	start := make([]byte, len(npyMagic))
	_, err = io.ReadFull(f, start)
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("read arrays %s: %w", path, err)
	}
	if err != nil || string(start) != npyMagic {
		return ReadNPZ(path)
	}
	t, err := ReadNPYFile(path)
	return []Named{{"arr_0", t}}, err
}

func readNPZ(r io.ReaderAt, size int64) ([]Named, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	var named []Named
	seen := map[string]bool{}
	left := max(archiveFloor, archiveRatio*size)
	for _, member := range z.File {
		name, ok := strings.CutSuffix(member.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("member %q is not an .npy array", member.Name)
		}
		if seen[name] {
			return nil, fmt.Errorf("the key %q occurs twice", name)
		}
		seen[name] = true
		if member.UncompressedSize64 > uint64(left) {
			return nil, fmt.Errorf("%q: the archive claims to expand to more than %d times its size", name, archiveRatio)
		}
		left -= int64(member.UncompressedSize64)
		t, err := readMember(member)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		named = append(named, Named{name, t})
	}
	return named, nil
}

func readMember(member *zip.File) (*Tensor, error) {
	if member.Flags&1 != 0 {
		return nil, errors.New("it is encrypted")
	}
	r, err := member.Open()
	if err != nil {
		return nil, err
	}
	t, err := ReadNPY(r, int64(member.UncompressedSize64))
	if err == nil {
		_, err = io.ReadFull(r, make([]byte, 1)) // makes the reader verify the checksum
		switch err {
		case io.EOF:
			err = nil
		case nil:
			err = errors.New("it is longer than the archive says")
		}
	}
	return t, errors.Join(err, r.Close())
}

// WriteNPZ writes a compressed numpy archive, in the given order. The same tensors give the same bytes. The file appears whole or not at
// all: it is written under another name in the same folder and then renamed.
func WriteNPZ(path string, named []Named) error {
	if err := WriteWhole(path, func(w io.Writer) error { return writeNPZ(w, named) }); err != nil {
		return fmt.Errorf("write archive %s: %w", path, err)
	}
	return nil
}

func writeNPZ(w io.Writer, named []Named) error {
	z := zip.NewWriter(w)
	seen := map[string]bool{}
	for _, n := range named {
		if seen[n.Name] {
			return fmt.Errorf("the key %q occurs twice", n.Name)
		}
		seen[n.Name] = true
		member, err := z.CreateHeader(&zip.FileHeader{Name: n.Name + ".npy", Method: zip.Deflate})
		if err != nil {
			return err
		}
		if err := WriteNPY(member, n.Tensor); err != nil {
			return err
		}
	}
	return z.Close()
}
