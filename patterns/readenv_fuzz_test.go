package patterns

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzReadEnv reads any bytes as a file of variables, and settings that were read come back from every form that Export writes and ReadEnv
// reads.
func FuzzReadEnv(f *testing.F) {
	f.Add([]byte("export OV_CPU_INFER_PRC_POS_PATTERN='a'\\''b'\nOV_CPU_INFER_PRC_CNT=7\nunset OV_CPU_INFER_PRC_NEG_PATTERN\n# end\n"))
	f.Add([]byte("OV_CPU_INFER_PRC_NEG_PATTERN=\"x\\\"y\n\"\nA=1\r\nOV_CPU_INFER_PRC_CNT=99999999999999999999"))
	f.Add([]byte("OV_CPU_INFER_PRC_POS_PATTERN='no end"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := ReadEnv(bytes.NewReader(file))
		if err != nil {
			return
		}
		var w bytes.Buffer
		if err := Export(&w, s, "shell"); err != nil {
			return // a NUL, or too long for a variable
		}
		got, err := ReadEnv(strings.NewReader(w.String()))
		if err != nil {
			t.Fatalf("%q: %v", w.String(), err)
		}
		if !equal(s.Pos, got.Pos) || !equal(s.Neg, got.Neg) || !equal(s.Count, got.Count) {
			t.Errorf("%q comes back otherwise", w.String())
		}
	})
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
