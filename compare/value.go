package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// A Value is a number whose JSON is a number, or one of the strings "inf", "-inf" and "nan".
type Value float64

// String is the number as JSON has it, without quotes.
func (v Value) String() string {
	switch f := float64(v); {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	default:
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
}

// MarshalJSON writes a number, or a string where JSON has no number.
func (v Value) MarshalJSON() ([]byte, error) {
	if f := float64(v); math.IsInf(f, 0) || math.IsNaN(f) {
		return json.Marshal(v.String())
	}
	return json.Marshal(float64(v))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"inf"`:
		*v = Value(math.Inf(1))
	case `"-inf"`:
		*v = Value(math.Inf(-1))
	case `"nan"`:
		*v = Value(math.NaN())
	default:
		var f *float64
		if err := json.Unmarshal(b, &f); err != nil || f == nil {
			return fmt.Errorf(`%.40q is neither a number nor "inf", "-inf" or "nan"`, b)
		}
		*v = Value(*f)
	}
	return nil
}

// A Reading is what one metric shows on one output.
type Reading struct {
	Output string `json:"output"` // its name, with the rule's slice
	Metric string `json:"metric"` // with its parameters
	Value  Value  `json:"value"`
	Sample int    `json:"sample"` // index; set by those who know several samples
}
