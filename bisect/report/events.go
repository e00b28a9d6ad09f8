package report

import (
	"encoding/json"
	"io"

	"halfway/bisect"
	"halfway/compare"
)

// eventJSON is a line of a log of events; event.schema.json describes it.
type eventJSON struct {
	Stage         bisect.Stage   `json:"stage"`
	Probes        int            `json:"probes"`
	Predicted     int            `json:"predicted"`
	ForwardPasses float64        `json:"forward_passes"`
	Enforced      *int           `json:"enforced,omitempty"`
	Count         *int           `json:"count,omitempty"`
	Verdict       bisect.Verdict `json:"verdict,omitempty"`
	Error         *compare.Value `json:"error,omitempty"`
	Replayed      bool           `json:"replayed,omitempty"`
}

// Event writes an event as one line of JSON.
func Event(w io.Writer, e bisect.Event) error {
	j := eventJSON{Stage: e.Stage, Probes: e.Probes, Predicted: e.Predicted, ForwardPasses: e.ForwardPasses, Count: e.Count, Verdict: e.Verdict,
		Replayed: e.Replayed}
	if e.Verdict != "" {
		j.Enforced = &e.Enforced
		if e.Verdict.Answered() {
			ratio := compare.Value(e.Ratio)
			j.Error = &ratio
		}
	}
	return json.NewEncoder(w).Encode(j)
}
