package patterns

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The fixed parts of a listing.
const (
	listingTypes = "infer precision enforced Types: "
	listingTotal = "  total number of nodes: "
)

// TypeOf is the part of a tag before its first @, the whole tag where there is none.
func TypeOf(tag string) string {
	t, _, _ := strings.Cut(tag, "@")
	return t
}

// WriteListing writes what a debug build prints about the tags that settings accepted in one graph, in acceptance order: nothing unless Pos
// or Neg is set; types in byte order, the tags of a type as accepted.
func WriteListing(w io.Writer, s Settings, accepted []string) error {
	if s.Pos == nil && s.Neg == nil {
		return nil
	}
	b := bufio.NewWriter(w) // keeps the first error for Flush
	if s.Pos != nil {
		fmt.Fprintf(b, "%s=\"%s\"\n", PosVariable, *s.Pos)
	}
	if s.Neg != nil {
		fmt.Fprintf(b, "%s=\"%s\"\n", NegVariable, *s.Neg)
	}
	byType := map[string][]string{}
	var types []string
	for _, tag := range accepted {
		t := TypeOf(tag)
		if byType[t] == nil {
			types = append(types, t)
		}
		byType[t] = append(byType[t], tag)
	}
	slices.Sort(types)
	b.WriteString(listingTypes)
	for _, t := range types {
		b.WriteString(t + ",")
	}
	fmt.Fprintf(b, "%s%d\n", listingTotal, len(accepted))
	for _, t := range types {
		b.WriteString(t + " : \n")
		for _, tag := range byType[t] {
			b.WriteString("\t" + tag + "\n")
		}
	}
	b.WriteString("\n")
	return b.Flush()
}

// ParseListing finds the listings in what a program printed, one a graph, and returns the tags of each, by type as listed. What is printed
// before, between and after them is passed over. Names may hold line breaks. It is an error when a listing does not hold as many nodes as
// it says, or other types.
func ParseListing(output []byte) ([][]string, error) {
	var listings [][]string
	for rest := output; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		h, ok := parseHeader(line)
		if !ok {
			rest = after
			continue
		}
		tags, after, err := h.read(after)
		if err != nil {
			return nil, fmt.Errorf("listing %d in the output: %w", len(listings)+1, err)
		}
		listings, rest = append(listings, tags), after
	}
	return listings, nil
}

// A listingHeader is the line that starts a listing.
type listingHeader struct {
	types []string
	total int
	crlf  bool // lines end as on Windows
}

func parseHeader(line []byte) (h listingHeader, ok bool) {
	line, h.crlf = bytes.CutSuffix(line, []byte("\r"))
	rest, ok := strings.CutPrefix(string(line), listingTypes)
	at := strings.LastIndex(rest, listingTotal)
	if !ok || at < 0 {
		return h, false
	}
	total, err := strconv.ParseUint(rest[at+len(listingTotal):], 10, 31)
	h.total = int(total)
	if types := rest[:at]; types != "" {
		if types, ok = strings.CutSuffix(types, ","); !ok {
			return h, false
		}
		h.types = strings.Split(types, ",")
	}
	return h, err == nil
}

// read reads the sections of a listing up to its empty line, and returns the tags and what follows. A line that starts neither a node nor
// the next section continues a name, and so does an empty line while nodes are missing.
func (h listingHeader) read(rest []byte) ([]string, []byte, error) {
	var tags []string
	section := -1
	for len(rest) > 0 {
		var raw []byte
		raw, rest, _ = bytes.Cut(rest, []byte("\n"))
		if h.crlf {
			raw = bytes.TrimSuffix(raw, []byte("\r"))
		}
		line := string(raw)
		if line == "" && len(tags) >= h.total {
			break
		}
		switch next := section + 1; {
		case section >= 0 && strings.HasPrefix(line, "\t"+h.types[section]) && TypeOf(line[1:]) == h.types[section]:
			tags = append(tags, line[1:])
		case next < len(h.types) && line == h.types[next]+" : ":
			section = next
		case len(tags) == 0:
			return nil, nil, fmt.Errorf("it holds %s where the nodes of its types %s are expected", shorten(line), strings.Join(h.types, ", "))
		default:
			tags[len(tags)-1] += "\n" + line
		}
	}
	if section+1 != len(h.types) {
		return nil, nil, fmt.Errorf("it names %d types and lists %d", len(h.types), section+1)
	}
	if len(tags) != h.total {
		return nil, nil, fmt.Errorf("it says that %d nodes are enforced and lists %d", h.total, len(tags))
	}
	return tags, rest, nil
}
