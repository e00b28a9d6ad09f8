package patterns

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestSelect(t *testing.T) {
	tags := []string{"Convolution@a", "Eltwise@b", "Convert@c", "Eltwise@d"}
	for _, c := range []struct {
		name     string
		settings Settings
		want     string // a digit for each tag
	}{
		{"nothing set enforces all", Settings{}, "1111"},
		{"a positive pattern admits what it finds", Settings{Pos: ptr("^Eltwise@")}, "0101"},
		{"a negative pattern excludes what it finds", Settings{Neg: ptr("^Eltwise@")}, "1010"},
		{"both: first the positive one", Settings{Pos: ptr("@[ab]"), Neg: ptr("@b")}, "1000"},
		{"an empty positive pattern admits all", Settings{Pos: ptr("")}, "1111"},
		{"an empty negative pattern excludes all", Settings{Neg: ptr("")}, "0000"},
		{"a count of k lets k+1 through", Settings{Count: ptr(1)}, "1100"},
		{"a count of 0 lets one through", Settings{Count: ptr(0)}, "1000"},
		{"a negative count lets none through", Settings{Count: ptr(-1)}, "0000"},
		{"only what the patterns admit is counted", Settings{Pos: ptr("^Eltwise@"), Count: ptr(0)}, "0100"},
	} {
		got, err := c.settings.Select(tags)
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range got {
			if in != (c.want[i] == '1') {
				t.Errorf("%s: %v, want %s", c.name, got, c.want)
			}
		}
	}
}

// TestBadPattern has the place of an error under its caret.
func TestBadPattern(t *testing.T) {
	for _, c := range []struct{ name, pattern, want string }{
		{"the byte", `layers.(?<n>x)`, "OV_CPU_INFER_PRC_NEG_PATTERN: bad pattern: after (? std::regex knows only :, = and !\n  layers.(?<n>x)\n         ^"},
		{"at the end", `ab\`, "OV_CPU_INFER_PRC_NEG_PATTERN: bad pattern: nothing follows the backslash\n  ab\\\n    ^"},
		{"a wide letter takes two columns", `層+(`, "OV_CPU_INFER_PRC_NEG_PATTERN: bad pattern: the group that starts here is not closed\n  層+(\n     ^"},
		{"what a terminal would act on is escaped", "\x1b[31m*)", "OV_CPU_INFER_PRC_NEG_PATTERN: bad pattern: the bracket that starts here is not closed\n  \\x1b[31m*)\n      ^"},
		{"of a long pattern the surroundings are shown", strings.Repeat("a", 500) + "(" + strings.Repeat("b", 500),
			"OV_CPU_INFER_PRC_NEG_PATTERN: bad pattern: the group that starts here is not closed\n  ..." + strings.Repeat("a", 60) + "(" + strings.Repeat("b", 59) + "...\n  " + strings.Repeat(" ", 63) + "^"},
	} {
		_, err := Settings{Neg: &c.pattern}.Select([]string{"a"})
		bad, ok := errors.AsType[*PatternError](err)
		if !ok || bad.Pattern != c.pattern {
			t.Errorf("%s: %v is no PatternError of %q", c.name, err, c.pattern)
			continue
		}
		if diff := cmp.Diff(c.want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestParseCount has what glibc's atoi returns.
func TestParseCount(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "7": 7, "-1": -1, "+3": 3, " \t\n\v\f\r12": 12, "12abc": 12, "abc": 0, "0x10": 0, "1e3": 1, "--1": 0, "+-1": 0, "- 1": 0, "007": 7,
		"2147483647": 2147483647, "2147483648": -2147483648, "4294967296": 0, "4294967297": 1, "9223372036854775808": -1, "-9223372036854775809": 0,
	} {
		if got := ParseCount(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestRoleAndBlock(t *testing.T) {
	for _, c := range []struct{ name, role, block string }{
		{"__module.model.layers.3.input_layernorm/aten::pow/Power", `__module.model.layers.(\d+).input_layernorm/aten::pow/Power`, "__module.model.layers.3"},
		{"/encoder/layer.0/adapter/delta/MatMul", `/encoder/layer.(\d+)/adapter/delta/MatMul`, "/encoder/layer.0"},
		{"/layer1/layer1.0/conv1/Conv", `/layer(\d+)/layer(\d+).(\d+)/conv(\d+)/Conv`, "/layer1"},
		{"model/block2a_expand/Conv2D", `model/block(\d+)a_expand/Conv2D`, ""},
		{"conv2d_12/Relu", `conv2d_(\d+)/Relu`, "conv2d_12"},
		{"aten::max_pool2d/MaxPool", `aten::max_pool2d/MaxPool`, ""},
		{"conv12d", `conv(\d+)d`, ""},
		{"x2dy", `x(\d+)dy`, ""},
		{"2d", `(\d+)d`, ""},
		{"99", `(\d+)`, ""},
		{"Multiply_3373", `Multiply_(\d+)`, ""},
		{"", "", ""},
	} {
		if got := Role(c.name); got != c.role {
			t.Errorf("role of %q: %q, want %q", c.name, got, c.role)
		}
		if got := Block(c.name); got != c.block {
			t.Errorf("block of %q: %q, want %q", c.name, got, c.block)
		}
	}
}
