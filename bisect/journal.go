package bisect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"halfway/engine"
)

// JournalSchema names the form of a journal.
const JournalSchema = "halfway/journal/1"

// A Journal is a file that remembers every run of a search, so that a later one resumes where it ended. It is lines, each the CRC-32C of a
// JSON text in hexadecimal and that text: a head that says what was searched, the candidates' digest, then a line for each run of one set on
// one sample, written as soon as the run is judged. The file is synced to the disk at most syncEvery later. A nil Journal remembers nothing.
type Journal struct {
	path       string
	file       *os.File
	lock       io.Closer
	space      string // digest of the candidates; "" until bound
	candidates int
	known      map[trialKey]*trial
	prefixes   map[int]journalLine // what a CNT enforces
	synced     time.Time
	unsynced   bool // something was written since
}

// syncEvery bounds what a power failure may lose; an end of the process alone loses nothing.
const syncEvery = 100 * time.Millisecond

// trialKey tells the runs of a search apart.
type trialKey struct {
	set    setKey // of ranges
	repeat int    // 0 for the first run of that set
	sample int
}

// OpenJournal creates the journal at path, or opens it to resume. head says what is searched: whatever changes the answer, such as hashes
// of model and samples, engine, view, precision, rules and universe. A journal with another head is refused, naming the entries that
// differ, and so is one that another search has open. A last line that was not written whole is dropped.
func OpenJournal(path string, head map[string]string) (*Journal, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("journal %s: it is not a regular file", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := &Journal{path: path, file: f, known: map[trialKey]*trial{}, prefixes: map[int]journalLine{}}
	if j.lock, err = lockFile(f); err == nil {
		err = j.load(head)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), j.Close())
	}
	return j, nil
}

// Close writes the journal to the disk and releases it. A nil Journal has nothing to release.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	var err error
	if j.unsynced {
		err = j.sync(time.Now())
	}
	err = errors.Join(err, j.file.Close())
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
	first, err := encodeLine(journalHead{JournalSchema, head})
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
	if len(rest) > 0 {
		j.unsynced = true
		if err := j.file.Truncate(end); err != nil {
			return err
		}
	}
	if _, err := j.file.Seek(end, io.SeekStart); err != nil || end > 0 {
		return err
	}
	if _, err = j.file.Write(first); err != nil {
		return err
	}
	return j.sync(time.Now())
}

// lines reads the whole lines, and returns where they end and what follows them.
func (j *Journal) lines(head map[string]string) (end int64, rest []byte, err error) {
	return eachLine(j.file, func(n int, line []byte) error { return j.take(n, line, head) })
}

// eachLine calls take for each line, counted from 1, and returns where the whole ones end and what follows them: nothing, or a last line that was
// not written whole. The first line must be whole where there is one.
func eachLine(file io.Reader, take func(n int, line []byte) error) (end int64, rest []byte, err error) {
	r := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return end, line, nil
		}
		if err == nil {
			err = take(n, line)
		}
		if _, more := r.Peek(1); errors.Is(err, errDamaged) && n > 1 && errors.Is(more, io.EOF) {
			return end, line, nil
		}
		if err != nil {
			return 0, nil, fmt.Errorf("line %d: %w", n, err)
		}
		end += int64(len(line))
	}
}

// maxLine is far above what the largest models need: a set of ranges is the longest part of a line.
const maxLine = 64 << 20

// readLine reads up to the next end of a line; io.EOF where there is none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return line, errDamaged
		}
	}
}

// take reads the n-th line, counted from 1.
func (j *Journal) take(n int, line []byte, head map[string]string) error {
	switch n {
	case 1:
		return checkHead(line, head)
	case 2:
		var s journalSpace
		err := decodeLine(line, &s)
		j.space, j.candidates = s.Space, s.Candidates
		return err
	}
	var l journalLine
	if err := decodeLine(line, &l); err != nil {
		return err
	}
	if l.Count != nil {
		j.prefixes[*l.Count] = l
		return nil
	}
	j.known[l.key()] = l.trial()
	return nil
}

var errNoJournal = fmt.Errorf("not a journal: its first line should be the head of a %s; name another file, or remove this one", JournalSchema)

func checkHead(line []byte, want map[string]string) error {
	var h journalHead
	if err := decodeLine(line, &h); err != nil || h.Schema != JournalSchema {
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

// bind says what the sets of the journal are made of. A journal that knows runs with other candidates or rules is refused.
func (j *Journal) bind(space string, candidates int) error {
	switch {
	case j == nil || j.space == space && j.candidates == candidates:
		return nil
	case j.space != "":
		return fmt.Errorf("journal %s: it is the journal of another search: the candidates or the rules have changed since; name another file, or remove "+
			"this one", j.path)
	}
	j.space, j.candidates = space, candidates
	return j.write(journalSpace{space, candidates})
}

func (j *Journal) find(set engine.Set, repeat, sample int) *trial {
	if j == nil || len(j.known) == 0 {
		return nil
	}
	return j.known[journalLine{Set: ranges(set), Repeat: repeat, Sample: sample}.key()]
}

func (j *Journal) record(set engine.Set, repeat, sample int, t *trial) error {
	if j == nil {
		return nil
	}
	l := lineOf(t)
	l.Set, l.Repeat, l.Sample = ranges(set), repeat, sample
	if err := j.write(l); err != nil {
		return err
	}
	j.known[l.key()] = t
	return nil
}

// prefix returns what CNT=k enforces, and the time that it took to learn that.
func (j *Journal) prefix(k int) (set engine.Set, spent time.Duration, ok bool) {
	if j == nil {
		return engine.Set{}, 0, false
	}
	l, ok := j.prefixes[k]
	if !ok {
		return engine.Set{}, 0, false
	}
	set, err := parseRanges(l.Set, j.candidates)
	return set, time.Duration(l.Micros) * time.Microsecond, err == nil
}

func (j *Journal) recordPrefix(k int, set engine.Set, spent time.Duration) error {
	if j == nil {
		return nil
	}
	l := journalLine{Count: &k, Set: ranges(set), Micros: spent.Microseconds()}
	j.prefixes[k] = l
	return j.write(l)
}

func (j *Journal) write(v any) error {
	line, err := encodeLine(v)
	if err == nil {
		j.unsynced = true
		_, err = j.file.Write(line)
	}
	if now := time.Now(); err == nil && now.Sub(j.synced) >= syncEvery {
		err = j.sync(now)
	}
	if err != nil {
		return fmt.Errorf("writing the journal %s: %w", j.path, err)
	}
	return nil
}

func (j *Journal) sync(now time.Time) error {
	j.synced, j.unsynced = now, false
	return j.file.Sync()
}
