package patterns

import (
	"fmt"
	"io"
	"strings"
)

// maxEnvFile bounds what ReadEnv reads: three variables need less than 128 KiB each.
const maxEnvFile = 4 << 20

// ReadEnv reads settings from a file of variables: what Export writes for a shell, as dotenv or for Docker, and plain NAME=value. Each line
// is an assignment, with export or without, or unset; empty lines and those that start with # are passed over, and so are other variables.
// A value in quotes is read as a shell does, without expansion; any other is what follows the = to the end of the line. A variable that the
// file does not set is unset.
func ReadEnv(r io.Reader) (Settings, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxEnvFile+1))
	if err != nil {
		return Settings{}, err
	}
	if len(text) > maxEnvFile {
		return Settings{}, fmt.Errorf("more than %d MiB are no settings", maxEnvFile>>20)
	}
	e := &envFile{text: string(text)}
	for e.at < len(e.text) {
		if err := e.line(); err != nil {
			return Settings{}, fmt.Errorf("line %d: %w", 1+strings.Count(e.text[:e.start], "\n"), err)
		}
	}
	return e.settings, nil
}

// An envFile is a file of variables while it is read.
type envFile struct {
	text      string
	at, start int // start: of the current statement
	settings  Settings
}

// rest takes the rest of the current line.
func (e *envFile) rest() string {
	line, _, _ := strings.Cut(e.text[e.at:], "\n")
	e.at = min(e.at+len(line)+1, len(e.text))
	return strings.TrimSuffix(line, "\r")
}

func (e *envFile) line() error {
	e.start = e.at
	line := e.rest()
	trimmed := strings.TrimLeft(line, " \t")
	if trimmed == "" || trimmed[0] == '#' {
		return nil
	}
	if names, ok := strings.CutPrefix(trimmed, "unset "); ok {
		for _, name := range strings.Fields(names) {
			e.assign(name, nil)
		}
		return nil
	}
	name, value, ok := strings.Cut(strings.TrimPrefix(trimmed, "export "), "=")
	name = strings.TrimSpace(name)
	if !ok || !isName(name) {
		return fmt.Errorf("%s is neither NAME=value nor unset NAME", shorten(line))
	}
	if value == "" || value[0] != '\'' && value[0] != '"' {
		if strings.Contains(value, " #") && e.known(name) {
			return fmt.Errorf("%s: it is not clear whether # starts a comment: put the value in quotes", name)
		}
		e.assign(name, &value)
		return nil
	}
	e.at = e.start + strings.Index(e.text[e.start:], "=") + 1 // a value in quotes may go on for several lines
	value, err := e.quoted()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	e.assign(name, &value)
	return nil
}

func isName(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) || i == 0 && isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func (e *envFile) known(name string) bool {
	return name == PosVariable || name == NegVariable || name == CountVariable
}

func (e *envFile) assign(name string, value *string) {
	switch name {
	case PosVariable:
		e.settings.Pos = value
	case NegVariable:
		e.settings.Neg = value
	case CountVariable:
		e.settings.Count = nil
		if value != nil {
			count := ParseCount(*value)
			e.settings.Count = &count
		}
	}
}

// quoted reads a value that starts with a quote, to the end of its line. Parts in different quotes may follow each other.
func (e *envFile) quoted() (string, error) {
	var b strings.Builder
	for e.at < len(e.text) {
		c := e.text[e.at]
		e.at++
		switch {
		case c == '\'':
			part, _, ok := strings.Cut(e.text[e.at:], "'")
			if !ok {
				return "", fmt.Errorf("a quote is not closed")
			}
			b.WriteString(part)
			e.at += len(part) + 1
		case c == '"':
			if err := e.doubleQuoted(&b); err != nil {
				return "", err
			}
		case c == '\\' && e.at < len(e.text) && e.text[e.at] != '\n':
			b.WriteByte(e.text[e.at])
			e.at++
		case strings.IndexByte(" \t\r\n", c) >= 0:
			e.at--
			if tail := strings.TrimSpace(e.rest()); tail != "" && tail[0] != '#' {
				return "", fmt.Errorf("%s follows the value", shorten(tail))
			}
			return b.String(), nil
		default:
			return "", fmt.Errorf("%s follows a quote", shorten(string(c)))
		}
	}
	return b.String(), nil
}

// doubleQuoted reads up to the closing quote. A backslash escapes what a shell lets it escape.
func (e *envFile) doubleQuoted(b *strings.Builder) error {
	for e.at < len(e.text) {
		c := e.text[e.at]
		e.at++
		switch {
		case c == '"':
			return nil
		case c == '$' || c == '`':
			return fmt.Errorf("%c in double quotes would be expanded: use single quotes", c)
		case c == '\\' && e.at < len(e.text) && strings.IndexByte("\"\\$`", e.text[e.at]) >= 0:
			c = e.text[e.at]
			e.at++
		}
		b.WriteByte(c)
	}
	return fmt.Errorf("a quote is not closed")
}
