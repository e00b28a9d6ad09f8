package report

import (
	"encoding/json"
	"errors"
	"fmt"

	"halfway/bisect"
)

// ParseCheck reads the JSON of a Check. Its samples are as many as its inputs, and its baseline is there.
func ParseCheck(b []byte) (*Check, error) {
	k := &Check{CheckResult: &bisect.CheckResult{}}
	if err := json.Unmarshal(b, k); err != nil {
		return nil, err
	}
	switch {
	case k.Schema != CheckSchema:
		return nil, fmt.Errorf("its schema is %q, want %q", k.Schema, CheckSchema)
	case k.CheckResult == nil || k.Baseline == nil:
		return nil, errors.New("it has no baseline")
	case len(k.Samples) != len(k.Inputs):
		return nil, fmt.Errorf("%d samples of %d inputs", len(k.Samples), len(k.Inputs))
	}
	return k, nil
}
