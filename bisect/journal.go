package bisect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"halfway/compare"
	"halfway/engine"
)

// JournalSchema names the form of a journal.
const JournalSchema = "halfway/journal/1"

// A Journal is a file that remembers every run of a search, so that a later one resumes where it ended. It is JSON Lines: a head that says
// what was searched, then a line for each run of one set on one sample, written as soon as the run is judged. A nil Journal remembers
// nothing.
type Journal struct {
	path  string
	file  *os.File
	lock  io.Closer
	known map[trialKey]*trial
}

// trialKey tells the runs of a search apart.
type trialKey struct {
	set    string // engine.Set.String
	repeat int    // 0 for the first run of that set
	sample int
}

type journalHead struct {
	Schema string            `json:"schema"`
	Head   map[string]string `json:"head"`
}

type journalLine struct {
	Set     string           `json:"set"`
	Repeat  int              `json:"repeat,omitempty"`
	Sample  int              `json:"sample"`
	Verdict Verdict          `json:"verdict"`
	Ratio   number           `json:"ratio"`
	Metrics []journalReading `json:"metrics,omitempty"`
	Work    number           `json:"work"`
	Key     string           `json:"key,omitempty"`
	Detail  string           `json:"detail,omitempty"`
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

// OpenJournal creates the journal at path, or opens it to resume. head says what is searched: whatever changes the answer, such as hashes
// of model and samples, engine, view, precision, rules and universe. A journal with another head is refused, naming the entries that
// differ, and so is one that another search has open. A last line that was cut off is dropped.
func OpenJournal(path string, head map[string]string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := &Journal{path: path, file: f, known: map[trialKey]*trial{}}
	if j.lock, err = lockFile(f); err == nil {
		err = j.load(head)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), j.Close())
	}
	return j, nil
}

// Close releases the journal. A nil Journal has nothing to release.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	err := j.file.Close()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
	}
	return err
}

// Len is the number of runs that the journal knows.
func (j *Journal) Len() int {
	if j == nil {
		return 0
	}
	return len(j.known)
}

// load reads the whole lines of the file and cuts off what follows them. A file without a whole line gets a head.
func (j *Journal) load(head map[string]string) error {
	first, err := json.Marshal(journalHead{JournalSchema, head})
	if err != nil {
		return err
	}
	end, rest, err := j.lines(head)
	if err != nil {
		return err
	}
	if end == 0 && !bytes.HasPrefix(first, rest) {
		return errNoJournal
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil || end > 0 {
		return err
	}
	_, err = j.file.Write(append(first, '\n'))
	return err
}

// lines reads the whole lines, and returns where they end and what follows them.
func (j *Journal) lines(head map[string]string) (end int64, rest []byte, err error) {
	r := bufio.NewReader(j.file)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, line, nil
		}
		if err == nil && n == 1 {
			err = checkHead(line, head)
		} else if err == nil {
			err = j.learn(line)
		}
		if err != nil {
			return 0, nil, fmt.Errorf("line %d: %w", n, err)
		}
		end += int64(len(line))
	}
}

var errNoJournal = fmt.Errorf("not a journal: its first line should be the head of a %s; name another file, or remove this one", JournalSchema)

func checkHead(line []byte, want map[string]string) error {
	var h journalHead
	if err := strictly(line, &h); err != nil || h.Schema != JournalSchema {
		return errNoJournal
	}
	fields := slices.Sorted(maps.Keys(want))
	for _, k := range slices.Sorted(maps.Keys(h.Head)) {
		if _, ok := want[k]; !ok {
			fields = append(fields, k)
		}
	}
	for _, k := range fields {
		was, old := h.Head[k]
		is, now := want[k]
		if was != is || old != now {
			return fmt.Errorf("it is the journal of another search: %s was %q, now it is %q; name another file, or remove this one", k, was, is)
		}
	}
	return nil
}

// strictly decodes one line of JSON with all its fields known.
func strictly(line []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value on the line")
	}
	return nil
}

func (j *Journal) learn(line []byte) error {
	var l journalLine
	if err := strictly(line, &l); err != nil {
		return fmt.Errorf("not a line of a journal (%w); remove the file to begin again", err)
	}
	t := &trial{Judgement{Verdict: l.Verdict, Ratio: float64(l.Ratio), Detail: l.Detail}, l.Key, float64(l.Work)}
	for _, m := range l.Metrics {
		t.Metrics = append(t.Metrics, compare.Reading{Output: m.Output, Metric: m.Metric, Value: compare.Value(m.Value), Sample: l.Sample})
	}
	j.known[trialKey{l.Set, l.Repeat, l.Sample}] = t
	return nil
}

func (j *Journal) find(set engine.Set, repeat, sample int) *trial {
	if j == nil {
		return nil
	}
	return j.known[trialKey{set.String(), repeat, sample}]
}

func (j *Journal) record(set engine.Set, repeat, sample int, t *trial) error {
	if j == nil {
		return nil
	}
	l := journalLine{Set: set.String(), Repeat: repeat, Sample: sample, Verdict: t.Verdict, Ratio: number(t.Ratio), Work: number(t.work),
		Key: t.key, Detail: t.Detail}
	for _, m := range t.Metrics {
		l.Metrics = append(l.Metrics, journalReading{m.Output, m.Metric, number(m.Value)})
	}
	b, err := json.Marshal(l)
	if err == nil {
		_, err = j.file.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the journal %s: %w", j.path, err)
	}
	j.known[trialKey{l.Set, repeat, sample}] = t
	return nil
}
