package bisect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"halfway/engine"
)

// answerOf is a result as JSON without what may differ between two searches of the same.
func answerOf(t testing.TB, r *Result) string {
	t.Helper()
	copied := *r
	copied.Seconds = 0
	b, err := json.Marshal(copied)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var head = map[string]string{"model": "abc", "engine": "test"}

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path, head)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// journalled makes a search on a fresh oracle with the journal at path, and returns its answer and the runs that the oracle made.
func journalled(t testing.TB, path string) (string, *oracle) {
	t.Helper()
	o := &oracle{n: 12, error: anyOf(3, 9), keyed: true, seen: map[string]int{}, run: func(set engine.Set, _ int) error {
		if set.Len() == 7 {
			return &engine.Failure{Kind: engine.Crash, Detail: "out of \xff memory"}
		}
		return nil
	}}
	c := config(o)
	c.Exhaustive = Always
	c.Journal = open(t, path)
	defer c.Journal.Close()
	return answerOf(t, search1(t, c)), o
}

// TestResumeFromAnyCut cuts a journal at every third byte, as a process killed there leaves it, and resumes: the answer is the same, no run whose line
// is whole is made again, and afterwards the journal is whole.
func TestResumeFromAnyCut(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "whole")
	want, first := journalled(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	step := 3
	if testing.Short() {
		step = 37
	}
	for cut := 0; cut <= len(whole); cut += step {
		path := filepath.Join(dir, "cut")
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, again := journalled(t, path)
		if got != want {
			t.Fatalf("cut at byte %d of %d the answer is\n%s\nwant\n%s", cut, len(whole), got, want)
		}
		known := max(bytes.Count(whole[:cut], []byte("\n"))-2, 0)
		if extra := again.runs - (first.runs - known); extra > 1 { // the reference itself runs again
			t.Fatalf("cut at byte %d of %d, %d runs were made again", cut, len(whole), extra)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := bytes.Count(after, []byte("\n")), bytes.Count(whole, []byte("\n")); a != b {
			t.Fatalf("cut at byte %d the journal has %d lines in the end, want %d", cut, a, b)
		}
	}
}

// TestTornTail has what a power failure may leave at the end of a journal.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	want, _ := journalled(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-5] ^= 1
	for name, content := range map[string][]byte{"zeros": append(bytes.Clone(whole), make([]byte, 100)...), "half a line": append(bytes.Clone(whole), `deadbeef {"se`...),
		"a last line with other bytes": damaged} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _ := journalled(t, path); got != want {
			t.Errorf("%s: another answer", name)
		}
	}
}

func TestJournalRefused(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	journalled(t, whole)
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	lines[4] = strings.Replace(lines[4], "verdict", "verdikt", 1)
	for _, tt := range []struct {
		name, content string
		head          map[string]string
		want          string
	}{
		{"another model", string(content), map[string]string{"model": "xyz", "engine": "test"}, `model was "abc", now it is "xyz"`},
		{"one entry more", string(content), map[string]string{"model": "abc", "engine": "test", "pos": "a"}, `pos was "", now it is "a"`},
		{"one entry fewer", string(content), map[string]string{"model": "abc"}, `engine was "test", now it is ""`},
		{"a damaged line in the middle", strings.Join(lines, ""), head, "line 5: the line is damaged"},
		{"another file", "hello\nworld\n", head, "not a journal"},
		{"a file without a line", "hello", head, "not a journal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, "j")
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := OpenJournal(path, tt.head)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if left, _ := os.ReadFile(path); string(left) != tt.content {
				t.Errorf("the file was changed")
			}
		})
	}
}

// TestJournalOfOtherCandidates has the same head, but the engine lists other nodes.
func TestJournalOfOtherCandidates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	journalled(t, path)
	o := &oracle{n: 13, error: anyOf(3), keyed: true}
	c := config(o)
	c.Journal = open(t, path)
	defer c.Journal.Close()
	if _, err := Search(t.Context(), c); err == nil || !strings.Contains(err.Error(), "candidates or the rules have changed") {
		t.Errorf("%v", err)
	}
}

func TestJournalIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j := open(t, path)
	defer j.Close()
	if _, err := OpenJournal(path, head); err == nil || !strings.Contains(err.Error(), "another search") {
		t.Errorf("%v", err)
	}
}

func TestRanges(t *testing.T) {
	for want, list := range map[string][]int{"": nil, "0": {0}, "0-2": {0, 1, 2}, "1,3-4,63-65,99": {1, 3, 4, 63, 64, 65, 99}} {
		if got := ranges(engine.SetOf(list...)); got != want {
			t.Errorf("%v is %q", list, got)
		}
		if back, err := parseRanges(want, 100); err != nil || !back.Equal(engine.SetOf(list...)) {
			t.Errorf("%q is read as %v, %v", want, back.Positions(), err)
		}
	}
	for _, text := range []string{"x", "3-1", "-1", "0-100", "1,,2", "1-2-3", "99999999999999999999"} {
		if set, err := parseRanges(text, 100); err == nil {
			t.Errorf("%q is read as %v", text, set.Positions())
		}
	}
}

// FuzzJournal reads any bytes as a journal, with the checksums that they need if summed: it is refused and not changed, or resumed, and whatever
// runs it tells of the search ends.
func FuzzJournal(f *testing.F) {
	dir := inMemory(f)
	path := filepath.Join(dir, "j")
	journalled(f, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	var texts []byte
	for line := range bytes.Lines(whole) {
		_, text, _ := bytes.Cut(line, []byte(" "))
		texts = append(texts, text...)
	}
	f.Add(whole, false)
	f.Add(texts, true)
	f.Add([]byte(fmt.Sprintf("%08x {}\n", 0)), false)
	f.Fuzz(func(t *testing.T, content []byte, summed bool) {
		if summed {
			content = withSums(content)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadJournal(path); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		j, err := OpenJournal(path, head)
		if err != nil {
			if left, _ := os.ReadFile(path); !bytes.Equal(left, content) {
				t.Errorf("a refused journal was changed")
			}
			return
		}
		defer j.Close()
		c := config(&oracle{n: 12, error: anyOf(3, 9), keyed: true})
		c.Journal, c.MaxProbes = j, 100
		r, err := Search(t.Context(), c)
		if err != nil {
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}

// inMemory is a folder on which syncing a file costs nothing, where the system has one.
func inMemory(f *testing.F) string {
	dir, err := os.MkdirTemp("/dev/shm", "halfway-test-")
	if err != nil {
		return f.TempDir()
	}
	f.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// withSums makes every line of texts a journal's.
func withSums(texts []byte) []byte {
	var b []byte
	for text := range bytes.Lines(texts) {
		text = bytes.TrimSuffix(text, []byte("\n"))
		b = fmt.Appendf(b, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
	}
	return b
}
