package bisect

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"time"

	"halfway/compare"
)

type journalHead struct {
	Schema string            `json:"schema"`
	Head   map[string]string `json:"head"`
}

type journalSpace struct {
	Space      string `json:"space"` // digest of candidates and rules
	Candidates int    `json:"candidates"`
}

// A journalLine is a run, or, with a Count, what that CNT enforces.
type journalLine struct {
	Count   *int             `json:"count,omitempty"`
	Set     string           `json:"set"` // ranges of positions
	Repeat  int              `json:"repeat,omitempty"`
	Sample  int              `json:"sample"`
	Verdict Verdict          `json:"verdict,omitempty"`
	Ratio   number           `json:"ratio"`
	Metrics []journalReading `json:"metrics,omitempty"`
	Work    number           `json:"work"`
	Micros  int64            `json:"us"`
	Key     string           `json:"key,omitempty"`
	Detail  string           `json:"detail,omitempty"`

	Errors []compare.Histogram `json:"errors,omitempty"`
}

type journalReading struct {
	Output string `json:"output"`
	Metric string `json:"metric"`
	Value  number `json:"value"`
}

// number is a float64 that comes back from its JSON bit for bit, infinities and NaN too.
type number float64

// MarshalJSON writes the number as a string.
func (n number) MarshalJSON() ([]byte, error) {
	return json.Marshal(strconv.FormatFloat(float64(n), 'g', -1, 64))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *number) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(s, 64)
	*n = number(v)
	return err
}

func (l journalLine) key() trialKey {
	return trialKey{sha256.Sum256([]byte(l.Set)), l.Repeat, l.Sample}
}

func lineOf(t *trial) journalLine {
	l := journalLine{Verdict: t.Verdict, Ratio: number(t.Ratio), Work: number(t.work), Micros: t.spent.Microseconds(), Key: t.key, Detail: t.Detail, Errors: t.Errors}
	for _, m := range t.Metrics {
		l.Metrics = append(l.Metrics, journalReading{m.Output, m.Metric, number(m.Value)})
	}
	return l
}

func (l journalLine) trial() *trial {
	t := &trial{Judgement{Verdict: l.Verdict, Ratio: float64(l.Ratio), Detail: l.Detail, Errors: l.Errors}, l.Key, float64(l.Work),
		time.Duration(l.Micros) * time.Microsecond}
	for _, m := range l.Metrics {
		t.Metrics = append(t.Metrics, compare.Reading{Output: m.Output, Metric: m.Metric, Value: compare.Value(m.Value), Sample: l.Sample})
	}
	return t
}

// errDamaged is a line whose checksum does not fit.
var errDamaged = errors.New("the line is damaged; remove the journal to begin again")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeLine(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(text, castagnoli), text), nil
}

// decodeLine reads a line, with its newline, of which all fields must be known.
func decodeLine(line []byte, v any) error {
	sum, text, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok || string(sum) != fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)) {
		return errDamaged
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("not a line of this version's journal (%w); remove the file to begin again", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value on the line")
	}
	return nil
}
