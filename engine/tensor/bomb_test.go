package tensor_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"halfway/engine/tensor"
)

// A member is what an archive holds, with the size that its head claims.
type member struct {
	name    string
	content string
	claims  uint64 // 0: the truth
}

// npyOf is an array of f4 of the given shape with this data.
func npyOf(shape, data string) string {
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n"
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data
}

// TestHostileArchives reads archives that expand beyond reason or do not keep what their heads promise: an error that names the file and the
// key, and no memory for what is only claimed.
func TestHostileArchives(t *testing.T) {
	const gib = 1 << 30
	zeros := strings.Repeat("\x00", 1<<20)
	for _, c := range []struct {
		reason  string
		members []member
		err     string
	}{
		{"1 GiB of claims in a small file", []member{{"a.npy", npyOf("(268435456,)", zeros), gib}}, `"a": `},
		{"more claims than the archive may hold", []member{{"a.npy", npyOf("(1,)", "abcd"), 100 * gib}}, "claims to expand"},
		{"many members that claim little each", []member{{"a.npy", npyOf("(1,)", "abcd"), 0}, {"b.npy", zeros, 3 * gib}}, "claims to expand"},
		{"a claim beyond 63 bits", []member{{"a.npy", npyOf("(1,)", "abcd"), 1<<64 - 1}}, "claims to expand"},
		{"more data than claimed", []member{{"a.npy", npyOf("(1,)", "abcd") + zeros, uint64(len(npyOf("(1,)", "abcd")))}}, `"a": `},
		{"a shape that overflows", []member{{"a.npy", npyOf("(4294967296, 4294967296)", "abcd"), 0}}, "overflows"},
		{"one key twice", []member{{"a.npy", npyOf("(1,)", "abcd"), 0}, {"a.npy", npyOf("(1,)", "abcd"), 0}}, `the key "a" occurs twice`},
		{"a key that climbs out of a folder is only a key", []member{{"../../a.npy", npyOf("(1,)", "abcd"), 0}}, ""},
		{"no array", []member{{"a.txt", "text", 0}}, `member "a.txt" is not an .npy array`},
		{"an archive in the archive", []member{{"a.npy", "PK\x03\x04", 0}}, `"a": it is not an npy array`},
		{"a key with an escape sequence", []member{{"\x1b[31m.txt", "text", 0}}, `"\x1b[31m.txt"`},
	} {
		path := filepath.Join(t.TempDir(), "bomb.npz")
		archive(t, path, c.members)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := tensor.ReadNPZ(path)
		runtime.ReadMemStats(&after)
		if (err != nil) != (c.err != "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: error %v, want %q", c.reason, err, c.err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<28 {
			t.Errorf("%s: it took %d bytes", c.reason, took)
		}
	}
}

func archive(t *testing.T, path string, members []member) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, m := range members {
		w, err := create(z, m)
		if err == nil {
			_, err = io.WriteString(w, m.content)
		}
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", m.name, err))
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func create(z *zip.Writer, m member) (io.Writer, error) {
	if m.claims == 0 {
		return z.Create(m.name)
	}
	return z.CreateRaw(&zip.FileHeader{Name: m.name, Method: zip.Store, CompressedSize64: uint64(len(m.content)), UncompressedSize64: m.claims})
}
