package compare

import (
	"reflect"
	"strings"
	"testing"

	"halfway/engine"
	"halfway/engine/tensor"
)

func TestParseRule(t *testing.T) {
	for _, tt := range []struct{ name, text, output, slice, metric, op, canonical string }{
		{"every output", "sqnr>=20", "", "", "sqnr", ">=", "sqnr>=20"},
		{"a slice with colons", "logits[:,-1]:kl<=0.01", "logits", "[:,-1]", "kl", "<=", "logits[:,-1]:kl<=0.01"},
		{"a name with a colon", "Identity:0:max-abs<=0.5", "Identity:0", "", "max-abs", "<=", "Identity:0:max-abs<=0.5"},
		{"a name that starts like a metric", "top1:0:sqnr > 3", "top1:0", "", "sqnr", ">", "top1:0:sqnr>3"},
		{"a name that is a metric", "equal:cosine>=0.5", "equal", "", "cosine", ">=", "equal:cosine>=0.5"},
		{"parameters", "allclose( atol=1e-3, rtol=1e-2 )", "", "", "allclose(atol=0.001,rtol=0.01)", "<=", "allclose(atol=0.001,rtol=0.01)"},
		{"numpy's defaults", "y:allclose", "y", "", "allclose(atol=1e-08,rtol=1e-05)", "<=", "y:allclose(atol=1e-08,rtol=1e-05)"},
		{"alone", "top1", "", "", "top1", ">=", "top1>=1"},
		{"a number in brackets and a bound", "y:topk(5)>=0.9", "y", "", "topk(5)", ">=", "y:topk(5)>=0.9"},
		{"spaces", " y : rel-l2 <= 1e-3 ", "y", "", "rel-l2", "<=", "y:rel-l2<=0.001"},
		{"steps and an ellipsis", "y[..., ::-2, 3]:rmse<1", "y", "[...,::-2,3]", "rmse", "<", "y[...,::-2,3]:rmse<1"},
		{"brackets that are no slice", "y[abc]:rmse<1", "y[abc]", "", "rmse", "<", "y[abc]:rmse<1"},
		{"a negative bound of dB", "sqnr>=-3", "", "", "sqnr", ">=", "sqnr>=-3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRule(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if r.Output != tt.output || r.Slice.String() != tt.slice || r.Metric.String() != tt.metric || r.Op != tt.op || r.String() != tt.canonical {
				t.Errorf("%q is %+v, written %q", tt.text, r, r)
			}
		})
	}
}

func TestParseRuleErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a typing error", "snqr>=20", `did you mean "sqnr"?`},
		{"an underscore", "max_abs<=1", `did you mean "max-abs"?`},
		{"an underscore behind an output", "y:rel_l2<=1", `did you mean "rel-l2"?`},
		{"nothing like it", "y:zzzzzz<=1", "the metrics are max-abs"},
		{"nothing", "", "there is no metric"},
		{"no bound", "sqnr", "sqnr needs a bound, as in sqnr>=20"},
		{"the wrong direction", "sqnr<=20", "sqnr is better when it is larger, write sqnr>=20"},
		{"the wrong direction of an error", "max-abs>=1", "write max-abs<=1"},
		{"equality", "max-abs==1", `"==" does not fit`},
		{"no number", "sqnr>=a", `"a" is no finite number`},
		{"no bound behind the comparison", "sqnr>=", `"" is no finite number`},
		{"an infinite bound", "sqnr>=inf", "no finite number"},
		{"a negative error", "rmse<=-1", "rmse is never smaller than -1"},
		{"a share above 1", "top1>=2", "top1 is never larger than 2"},
		{"no k", "topk>=1", "topk(5)"},
		{"a k of 0", "topk(0)", "at least 1"},
		{"parameters of a metric without", "sqnr(3)>=1", "sqnr has no parameters"},
		{"parameters without an end", "topk(3>=1", "end without a )"},
		{"an unknown tolerance", "allclose(tol=1)", `does not understand "tol=1"`},
		{"a tolerance twice", "allclose(atol=1,atol=2)", `"atol=2"`},
		{"a bound of allclose", "allclose(atol=1)<=1", "no bound"},
		{"no output before the colon", ":sqnr>=20", "no output is named"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseRule(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
			}
		})
	}
}

func TestBindErrors(t *testing.T) {
	outs := []engine.Output{{Name: "logits", Tensor: tensor.New(tensor.F32, 2, 3)}, {Name: "y[abc]", Tensor: tensor.New(tensor.F32, 2)},
		{Name: "y[0]", Tensor: tensor.New(tensor.F32, 2)}}
	for _, tt := range []struct{ name, text, want string }{
		{"an output that is not there", "logit:sqnr>=2", `did you mean "logits"? the outputs are logits, y[abc], y[0]`},
		{"too many subscripts", "logits[0,0,0]:sqnr>=2", "3 subscripts for the shape [2 3]"},
		{"an index outside", "logits[:,3]:sqnr>=2", "the index 3 is outside axis 1 of the shape [2 3]"},
		{"a name in brackets", "y[abc]:sqnr>=2", ""},
		{"a name that looks sliced", "y[0]:sqnr>=2", ""},
		{"a slice of a name that looks sliced", "y[0][1]:sqnr>=2", ""},
		{"an empty slice", "logits[2:]:sqnr>=2", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRule(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Bind([]Rule{r}, outs)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestDefault(t *testing.T) {
	f, i := engine.Output{Name: "f", Tensor: f32(1)}, engine.Output{Name: "Identity:0", Tensor: tensor.New(tensor.Bool, 1)}
	for _, tt := range []struct {
		outputs []engine.Output
		want    []string
	}{
		{[]engine.Output{f, f}, []string{"sqnr>=20"}},
		{[]engine.Output{i}, []string{"equal>=1"}},
		{[]engine.Output{f, i}, []string{"f:sqnr>=20", "Identity:0:equal>=1"}},
	} {
		var got []string
		for _, r := range Default(tt.outputs) {
			got = append(got, r.String())
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// FuzzParseRule checks that what is read can be written and read again, and that no rule upsets Bind and Compare.
func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"sqnr>=20", "logits[:,-1]:kl<=0.01", "allclose(atol=1e-3,rtol=1e-2)", "Identity:0:topk(2)>=0.5", "y[::-1,...]:ulp<3", "y[-9223372036854775808::2]:equal"} {
		f.Add(s)
	}
	x := tensor.Of(tensor.F32, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		again, err := ParseRule(r.String())
		if err != nil || again.String() != r.String() {
			t.Fatalf("%q is written %q, which reads as %q, %v", s, r, again, err)
		}
		r.Output = ""
		a, err := Bind([]Rule{r}, outputs("y", x))
		if err != nil {
			return
		}
		if c, err := a.Compare(outputs("y", x), outputs("y", x)); err != nil || !c.Pass && r.Bound == 0 && r.Op == "<=" {
			t.Fatalf("%q of equal outputs: %+v, %v", s, c, err)
		}
	})
}
