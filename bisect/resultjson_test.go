package bisect

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"halfway/compare"
)

// sample is a result with every field set, some text that is not UTF-8, and numbers that are not finite.
func sampleResult() *Result {
	index, reason := 4, "budget"
	p := Probe{Verdict: NonFinite, Metrics: []compare.Reading{{Output: "y", Metric: "sqnr", Value: compare.Value(math.Inf(-1)), Sample: 1}}, Sample: 1}
	s := Settings{Chosen: "neg", Pos: "a\xff", Neg: `^Op@a\xff$`, AlsoKept: []Tag{"Op@b", "Op@\xfe"}, Properties: map[string]string{"SNIPPETS_MODE": "DISABLE"}}
	return &Result{Schema: Schema, Outcome: Unresolved, Reason: &reason, Samples: []Source{{"x.npz", "ab"}}, Accept: []string{"sqnr>=20"},
		First: &First{Count: 4, Index: &index, Tag: "Op@\xff", Unit: []Tag{"Op@\xff", "Op@z"}, Effect: "compute", Kind: "monotone",
			Crossings: []Crossing{{4, NonFinite}}, Alone: &p, Without: &p},
		KeepF32: []Kept{{Index: 4, Tag: "Op@\xff", Role: "\xff", From: []string{"a\xff", "b"}, MACs: 3, Reason: "culprit"}, {Index: 5, Tag: "Op@z", Role: "z", Reason: "closure"}},
		Groups:  []Group{{By: "role", Name: "r", Candidates: []int{1, 2}, Alone: &p, Without: &p}}, Settings: &s,
		Verified: &Verified{p, "neg", 3}, Curve: []Point{{-1, p}}, Tradeoff: []Tradeoff{{Nodes: 1, Error: compare.Value(math.Inf(1)), Settings: s, Probe: p}},
		Nodes:    []Node{{Index: 4, Tag: "Op@\xff", Role: "\xff", Block: "b\xfe", Unit: 2, Alone: new(compare.Value(math.Inf(1))), Expected: new(compare.Value(0.5))}},
		Warnings: []string{"w"}, Command: &Command{Args: []string{"--view", "plain"}, Neg: new("a\xffb")}}
}

func TestResultComesBack(t *testing.T) {
	want := sampleResult()
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("read back as %+v\nwant %+v\nfrom %s", got, want, b)
	}
}

// TestResultForm checks the documented form: names and nesting of fields, strings for numbers that are not finite, bytes beside text.
func TestResultForm(t *testing.T) {
	b, err := json.Marshal(sampleResult())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema":"halfway/result/1"`,
		`"first":{"graph":"","count":4,"index":4,"effect":"compute","kind":"monotone","smallest":false,"crossings":[{"count":4,"verdict":"non-finite"}],"alone":{"verdict":"non-finite","metrics":[{"output":"y","metric":"sqnr","value":"-inf","sample":1}],"sample":1}`,
		"\"tag\":\"Op@\uFFFD\",\"tag_base64\":\"T3BA/w==\",\"unit\":[\"Op@\uFFFD\",\"Op@z\"],\"unit_base64\":[\"T3BA/w==\",\"T3BAeg==\"]",
		`"tag":"Op@z","role":"z"}`,
		`"curve":[{"count":-1,"verdict":"non-finite","metrics":[`,
		`"verified":{"verdict":"non-finite","metrics":[`,
		`"sample":1,"settings":"neg","enforced":3}`,
		`"properties":{"SNIPPETS_MODE":"DISABLE"}`,
		`"error":"inf"`,
		"\"nodes\":[{\"graph\":\"\",\"index\":4,\"unit\":2,\"macs\":0,\"expected\":0.5,\"alone\":\"inf\",\"tag\":\"Op@\uFFFD\",\"tag_base64\":\"T3BA/w==\",\"role\":",
		"\"pos\":null,\"neg\":\"a\uFFFDb\",\"neg_base64\":\"Yf9i\"}",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s\nis not in\n%s", want, b)
		}
	}
	b, err = json.Marshal(newSearch(t.Context(), Config{}).result)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"reason":null`, `"first":null`, `"settings":null`, `"verified":null`, `"keep_f32":[]`, `"groups":[]`, `"curve":[]`, `"warnings":[]`, `"samples":[]`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

func TestDamagedBytes(t *testing.T) {
	for _, text := range []string{`{"tag":"a","tag_base64":"!"}`, `{"tag":"a","unit":["b"],"unit_base64":["YQ==","YQ=="]}`} {
		var f First
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s is read as %+v", text, f)
		}
	}
}
