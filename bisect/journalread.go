package bisect

import (
	"fmt"
	"os"
	"time"

	"halfway/compare"
)

// Journaled is what a journal holds, for people who want to see it.
type Journaled struct {
	Head       map[string]string // what is searched
	Candidates int               // 0 before the first run
	Runs       []JournaledRun    // in the order in which they ended
	Damaged    bool              // whether the last line was not written whole, and was left out
}

// A JournaledRun is one run on one sample or, with a Count, the question what that CNT enforces.
type JournaledRun struct {
	Count    *int
	Enforced string // ranges of positions among the candidates, "0-41,57"
	Sample   int
	Repeat   int // 0 for the first run of a set
	Verdict  Verdict
	Metrics  []compare.Reading
	Detail   string
	Took     time.Duration
}

// ReadJournal reads the journal at path, which a search may be writing. A file that is no journal, and a damaged line but for the last, are
// errors.
func ReadJournal(path string) (*Journaled, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("journal %s: it is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer f.Close()
	j := &Journaled{}
	end, rest, err := eachLine(f, j.take)
	if err == nil && end == 0 {
		err = fmt.Errorf("line 1: %w", errNoJournal)
	}
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	j.Damaged = len(rest) > 0
	return j, nil
}

// take reads the n-th line, counted from 1.
func (j *Journaled) take(n int, line []byte) error {
	switch n {
	case 1:
		var h journalHead
		if err := decodeLine(line, &h); err != nil || h.Schema != JournalSchema {
			return errNoJournal
		}
		j.Head = h.Head
		return nil
	case 2:
		var s journalSpace
		err := decodeLine(line, &s)
		j.Candidates = s.Candidates
		return err
	}
	var l journalLine
	if err := decodeLine(line, &l); err != nil {
		return err
	}
	t := l.trial()
	j.Runs = append(j.Runs, JournaledRun{l.Count, l.Set, l.Sample, l.Repeat, l.Verdict, t.Metrics, l.Detail, t.spent})
	return nil
}
