package patterns

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seed is the form that openvino-semantics.md gives.
const seed = "OV_CPU_INFER_PRC_POS_PATTERN=\".*\"\n" +
	"infer precision enforced Types: A,B,  total number of nodes: 3\n" +
	"A : \n\tA@x\nB : \n\tB@2\n\tB@1\n\n"

func TestWriteListing(t *testing.T) {
	for _, c := range []struct {
		name     string
		settings Settings
		accepted []string
		want     string
	}{
		{"types in byte order, tags as accepted", Settings{Pos: ptr(".*")}, []string{"B@2", "A@x", "B@1"}, seed},
		{"a count alone prints nothing", Settings{Count: ptr(3)}, []string{"A@x"}, ""},
		{"nothing enforced", Settings{Pos: ptr(""), Neg: ptr(`"\d`)}, nil,
			"OV_CPU_INFER_PRC_POS_PATTERN=\"\"\nOV_CPU_INFER_PRC_NEG_PATTERN=\"\"\\d\"\ninfer precision enforced Types:   total number of nodes: 0\n\n"},
	} {
		var b bytes.Buffer
		if err := WriteListing(&b, c.settings, c.accepted); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestParseListing(t *testing.T) {
	head := func(rest string) string { return listingTypes + rest }
	for _, c := range []struct {
		name, output string
		want         [][]string
		err          string // part of it
	}{
		{"nothing printed", "loading\n", nil, ""},
		{"among other output", "loading\n" + seed + "done\n", [][]string{{"A@x", "B@2", "B@1"}}, ""},
		{"one a graph", seed + head("  total number of nodes: 0\n\n") + seed, [][]string{{"A@x", "B@2", "B@1"}, nil, {"A@x", "B@2", "B@1"}}, ""},
		{"lines of Windows", strings.ReplaceAll(seed, "\n", "\r\n"), [][]string{{"A@x", "B@2", "B@1"}}, ""},
		{"names with line breaks", head("A,  total number of nodes: 2\nA : \n\tA@one\n\ntwo\n\tA@\xff\x00\n\nmore"), [][]string{{"A@one\n\ntwo", "A@\xff\x00"}}, ""},
		{"a name that looks like a section", head("A,B,  total number of nodes: 2\nA : \n\tA@x\nC : \nB : \n\tB@y\n\n"), [][]string{{"A@x\nC : ", "B@y"}}, ""},
		{"a header that is none", head("A  total number of nodes: 1\n"), nil, ""},
		{"fewer than it says", head("A,  total number of nodes: 2\nA : \n\tA@x\n\n"), nil, "says that 2 nodes are enforced and lists 1"},
		{"more than it says", head("A,  total number of nodes: 1\nA : \n\tA@x\n\tA@y\n\n"), nil, "says that 1 nodes are enforced and lists 2"},
		{"a section is missing", head("A,B,  total number of nodes: 1\nA : \n\tA@x\n\n"), nil, "names 2 types and lists 1"},
		{"cut off", head("A,  total number of nodes: 2\nA : \n"), nil, "says that 2 nodes are enforced and lists 0"},
		{"something else instead", head("A,  total number of nodes: 1\nSegmentation fault\n"), nil, "it holds Segmentation fault where"},
	} {
		got, err := ParseListing([]byte(c.output))
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// FuzzListing parses anything without a panic, and what is written back to what it was.
func FuzzListing(f *testing.F) {
	f.Add([]byte(seed), "A@x", "B@y")
	f.Add([]byte(listingTypes+"A,  total number of nodes: 9999999999\n"), "@", "A@x\n\ty")
	f.Fuzz(func(t *testing.T, output []byte, a, b string) {
		if _, err := ParseListing(output); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		if strings.ContainsAny(a+b, "\n,\r") {
			return
		}
		var w bytes.Buffer
		if err := WriteListing(&w, Settings{Pos: ptr(".*")}, []string{a, b}); err != nil {
			t.Fatal(err)
		}
		got, err := ParseListing(w.Bytes())
		want := []string{a, b}
		if TypeOf(b) < TypeOf(a) {
			want = []string{b, a}
		}
		if err != nil || !cmp.Equal(got, [][]string{want}) {
			t.Errorf("%q from %q: %v", got, want, err)
		}
	})
}
