package bisect

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzResult reads any bytes as the JSON of a result: what is read comes back from what is written of it.
func FuzzResult(f *testing.F) {
	zero := 0
	b, err := json.Marshal(Result{Schema: Schema, Outcome: Found, First: &First{Tag: "A@\xff", Unit: []string{"A@\xff", "B@b"}},
		KeepF32: []Kept{{Tag: "A@\xff", Role: "a"}}, Settings: &Settings{Chosen: "neg", Neg: "\xff", AlsoKept: []string{}}, Candidates: zero})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"schema":"halfway/result/1","first":{"tag":"a","tag_base64":"!"}}`))
	f.Add([]byte(`{"curve":[{"count":0,"probe":{"metrics":[{"value":"nan"}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r, back Result
		if json.Unmarshal(text, &r) != nil {
			return
		}
		once, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(once, &back); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		twice, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(once), string(twice)); diff != "" {
			t.Errorf("(-first +second)\n%s", diff)
		}
	})
}
