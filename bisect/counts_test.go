package bisect

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"halfway/engine"
)

// shuffled lists its candidates in another order than it counts them.
type shuffled struct {
	*oracle
	order []int // by CNT: position in the list
	asked int
}

func (s *shuffled) Prefix(_ context.Context, k int) (engine.Set, error) {
	if s.asked++; k == 13 {
		return engine.Set{}, &engine.Failure{Kind: engine.Timeout, Detail: "60 s"}
	}
	return engine.SetOf(s.order[:k+1]...), nil
}

// TestUnknownOrder searches a network whose counting order only its CNTs show, and resumes without asking again.
func TestUnknownOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	var want string
	for _, resumed := range []bool{false, true} {
		order := rand.New(rand.NewPCG(1, 8)).Perm(40)
		e := &shuffled{oracle: &oracle{n: 40, keyed: true, error: anyOf(order[10], order[30])}, order: order}
		c := config(e.oracle)
		c.Engine, c.Exhaustive = e, Always
		c.Journal = open(t, path)
		r := search1(t, c)
		if err := c.Journal.Close(); err != nil {
			t.Fatal(err)
		}
		f := r.First
		if r.Outcome != Found || f.Count != 10 || f.Index != nil || f.Tag != r.KeepF32[slices.Index(keptOf(r), order[10])].Tag || len(r.KeepF32) != 2 {
			t.Errorf("first %+v, keeps %v", f, keptOf(r))
		}
		if got := answerOf(t, r); want == "" {
			want = got
		} else if got != want {
			t.Errorf("resumed:\n%s\nwant\n%s", got, want)
		}
		if resumed && e.asked > 2 { // what failed is asked for again
			t.Errorf("resumed, %d CNTs were asked for again", e.asked)
		}
	}
}
