package bisect

// A Stage is a part of a search.
type Stage string

// The stages, in order. A search may return to StageGroups once it knows the culprits, and makes StageScan after that where it was not asked for.
const (
	StageEnds     Stage = "ends"     // nothing enforced passes, everything fails
	StageFirst    Stage = "first"    // bisection on CNT
	StageScan     Stage = "scan"     // further CNTs: is the first node the smallest, which other crossings are there
	StageGroups   Stage = "groups"   // roles, types, blocks
	StageCulprits Stage = "culprits" // what to keep in f32
	StageTradeoff Stage = "tradeoff" // how the error falls with what stays in f32, where that is asked for
	StageSettings Stage = "settings" // patterns, and the probe of what they enforce
)

// An Event tells how far a search is. There is one at the start of every stage, with no Verdict, and one after every probe.
type Event struct {
	Stage         Stage
	Probes        int     // made so far, with those replayed from a journal
	Predicted     int     // about how many the search takes in all; a guess that grows better
	ForwardPasses float64 // work so far
	Enforced      int     // number of candidates enforced
	Count         *int    // the probe's CNT, where it is one
	Verdict       Verdict
	Ratio         float64 // error over tolerance
	Replayed      bool    // taken from the journal
}
