package bisect

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The JSON of a Result is that of its fields, but for text that may be any bytes: names of nodes and what is made of them. Such text is written
// with U+FFFD for what is not UTF-8, and then, only then, has a field NAME_base64 beside it that holds its bytes.

// readable is text as JSON can have it, and its bytes in base64 where that loses some.
func readable(text string) (string, string) {
	if utf8.ValidString(text) {
		return text, ""
	}
	return strings.ToValidUTF8(text, "\uFFFD"), base64.StdEncoding.EncodeToString([]byte(text))
}

// original undoes readable.
func original(text, bytes string) (string, error) {
	if bytes == "" {
		return text, nil
	}
	b, err := base64.StdEncoding.DecodeString(bytes)
	if err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return string(b), nil
}

// readableAll is readable for a list. The second one is nil when nothing is lost, else it has all items.
func readableAll(texts []string) (list, bytes []string) {
	list = make([]string, len(texts))
	lost := false
	for i, t := range texts {
		list[i], _ = readable(t)
		lost = lost || list[i] != t
		bytes = append(bytes, base64.StdEncoding.EncodeToString([]byte(t)))
	}
	if !lost {
		return list, nil
	}
	return list, bytes
}

func originals(list, bytes []string) ([]string, error) {
	if bytes == nil {
		return list, nil
	}
	if len(bytes) != len(list) {
		return nil, fmt.Errorf("%d texts with the bytes of %d", len(list), len(bytes))
	}
	all := make([]string, len(list))
	for i := range list {
		var err error
		if all[i], err = original(list[i], bytes[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

type (
	plainFirst     First
	plainKept      Kept
	plainSettings  Settings
	plainConfirmed Confirmed
	plainSuspect   Suspect
	plainNode      Node
	plainCommand   Command
)

type firstJSON struct {
	*plainFirst
	Tag        string   `json:"tag"`
	TagBytes   string   `json:"tag_base64,omitempty"`
	Unit       []string `json:"unit"`
	UnitsBytes []string `json:"unit_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (f First) MarshalJSON() ([]byte, error) {
	j := firstJSON{plainFirst: (*plainFirst)(&f)}
	j.Tag, j.TagBytes = readable(f.Tag)
	j.Unit, j.UnitsBytes = readableAll(f.Unit)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (f *First) UnmarshalJSON(b []byte) error {
	j := firstJSON{plainFirst: (*plainFirst)(f)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		f.Tag, err = original(j.Tag, j.TagBytes)
	}
	if err == nil {
		f.Unit, err = originals(j.Unit, j.UnitsBytes)
	}
	return err
}

type keptJSON struct {
	*plainKept
	Tag       string `json:"tag"`
	TagBytes  string `json:"tag_base64,omitempty"`
	Role      string `json:"role"`
	RoleBytes string `json:"role_base64,omitempty"`

	From      []string `json:"from,omitempty"`
	FromBytes []string `json:"from_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (k Kept) MarshalJSON() ([]byte, error) {
	j := keptJSON{plainKept: (*plainKept)(&k)}
	j.Tag, j.TagBytes = readable(k.Tag)
	j.Role, j.RoleBytes = readable(k.Role)
	j.From, j.FromBytes = readableAll(k.From)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *Kept) UnmarshalJSON(b []byte) error {
	j := keptJSON{plainKept: (*plainKept)(k)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		k.Tag, err = original(j.Tag, j.TagBytes)
	}
	if err == nil {
		k.Role, err = original(j.Role, j.RoleBytes)
	}
	if err == nil {
		k.From, err = originals(j.From, j.FromBytes)
	}
	return err
}

type settingsJSON struct {
	*plainSettings
	Pos           string   `json:"pos"`
	PosBytes      string   `json:"pos_base64,omitempty"`
	Neg           string   `json:"neg"`
	NegBytes      string   `json:"neg_base64,omitempty"`
	AlsoKept      []string `json:"also_kept"`
	AlsoKeptBytes []string `json:"also_kept_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (s Settings) MarshalJSON() ([]byte, error) {
	j := settingsJSON{plainSettings: (*plainSettings)(&s)}
	j.Pos, j.PosBytes = readable(s.Pos)
	j.Neg, j.NegBytes = readable(s.Neg)
	j.AlsoKept, j.AlsoKeptBytes = readableAll(s.AlsoKept)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Settings) UnmarshalJSON(b []byte) error {
	j := settingsJSON{plainSettings: (*plainSettings)(s)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		s.Pos, err = original(j.Pos, j.PosBytes)
	}
	if err == nil {
		s.Neg, err = original(j.Neg, j.NegBytes)
	}
	if err == nil {
		s.AlsoKept, err = originals(j.AlsoKept, j.AlsoKeptBytes)
	}
	return err
}

type confirmedJSON struct {
	*plainConfirmed
	Missing      []string `json:"missing"`
	MissingBytes []string `json:"missing_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (c Confirmed) MarshalJSON() ([]byte, error) {
	j := confirmedJSON{plainConfirmed: (*plainConfirmed)(&c)}
	j.Missing, j.MissingBytes = readableAll(c.Missing)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Confirmed) UnmarshalJSON(b []byte) error {
	j := confirmedJSON{plainConfirmed: (*plainConfirmed)(c)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		c.Missing, err = originals(j.Missing, j.MissingBytes)
	}
	return err
}

type suspectJSON struct {
	*plainSuspect
	Tag      string `json:"tag"`
	TagBytes string `json:"tag_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (s Suspect) MarshalJSON() ([]byte, error) {
	j := suspectJSON{plainSuspect: (*plainSuspect)(&s)}
	j.Tag, j.TagBytes = readable(s.Tag)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Suspect) UnmarshalJSON(b []byte) error {
	j := suspectJSON{plainSuspect: (*plainSuspect)(s)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		s.Tag, err = original(j.Tag, j.TagBytes)
	}
	return err
}

type nodeJSON struct {
	*plainNode
	Tag        string `json:"tag"`
	TagBytes   string `json:"tag_base64,omitempty"`
	Role       string `json:"role"`
	RoleBytes  string `json:"role_base64,omitempty"`
	Block      string `json:"block"`
	BlockBytes string `json:"block_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (n Node) MarshalJSON() ([]byte, error) {
	j := nodeJSON{plainNode: (*plainNode)(&n)}
	j.Tag, j.TagBytes = readable(n.Tag)
	j.Role, j.RoleBytes = readable(n.Role)
	j.Block, j.BlockBytes = readable(n.Block)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Node) UnmarshalJSON(b []byte) error {
	j := nodeJSON{plainNode: (*plainNode)(n)}
	err := json.Unmarshal(b, &j)
	for _, f := range []struct {
		to          *string
		text, bytes string
	}{{&n.Tag, j.Tag, j.TagBytes}, {&n.Role, j.Role, j.RoleBytes}, {&n.Block, j.Block, j.BlockBytes}} {
		if err == nil {
			*f.to, err = original(f.text, f.bytes)
		}
	}
	return err
}

type commandJSON struct {
	*plainCommand
	Pos      *string `json:"pos"`
	PosBytes string  `json:"pos_base64,omitempty"`
	Neg      *string `json:"neg"`
	NegBytes string  `json:"neg_base64,omitempty"`
}

// MarshalJSON writes the fields; see readable.
func (c Command) MarshalJSON() ([]byte, error) {
	j := commandJSON{plainCommand: (*plainCommand)(&c)}
	j.Pos, j.PosBytes = readableOptional(c.Pos)
	j.Neg, j.NegBytes = readableOptional(c.Neg)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Command) UnmarshalJSON(b []byte) error {
	j := commandJSON{plainCommand: (*plainCommand)(c)}
	err := json.Unmarshal(b, &j)
	if err == nil {
		c.Pos, err = originalOptional(j.Pos, j.PosBytes)
	}
	if err == nil {
		c.Neg, err = originalOptional(j.Neg, j.NegBytes)
	}
	return err
}

type givenJSON struct {
	Pos      *string `json:"pos"`
	PosBytes string  `json:"pos_base64,omitempty"`
	Neg      *string `json:"neg"`
	NegBytes string  `json:"neg_base64,omitempty"`
	Count    *int    `json:"count"`
}

// MarshalJSON writes the fields, null for what is unset; see readable.
func (g GivenSettings) MarshalJSON() ([]byte, error) {
	j := givenJSON{Count: g.Count}
	j.Pos, j.PosBytes = readableOptional(g.Pos)
	j.Neg, j.NegBytes = readableOptional(g.Neg)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (g *GivenSettings) UnmarshalJSON(b []byte) error {
	var j givenJSON
	err := json.Unmarshal(b, &j)
	g.Count = j.Count
	if err == nil {
		g.Pos, err = originalOptional(j.Pos, j.PosBytes)
	}
	if err == nil {
		g.Neg, err = originalOptional(j.Neg, j.NegBytes)
	}
	return err
}

// readableOptional is readable for text that may be unset.
func readableOptional(text *string) (*string, string) {
	if text == nil {
		return nil, ""
	}
	shown, bytes := readable(*text)
	return &shown, bytes
}

func originalOptional(text *string, bytes string) (*string, error) {
	if text == nil {
		return nil, nil
	}
	all, err := original(*text, bytes)
	return &all, err
}
