package patterns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A variable is one of the three with its value; nil is unset.
type variable struct {
	name  string
	value *string
}

func (s Settings) variables() []variable {
	r := []variable{{PosVariable, s.Pos}, {NegVariable, s.Neg}, {CountVariable, nil}}
	if s.Count != nil {
		text := strconv.Itoa(*s.Count)
		r[2].value = &text
	}
	return r
}

// A format writes variables for one kind of reader.
type format struct {
	name  string
	set   func(name, value string) (string, error) // the text that sets a variable
	unset string                                   // the text that unsets %s; a comment where the reader can't
}

var formats = []format{
	{"shell", shellSet, "unset %s\n"},
	{"fish", fishSet, "set -e %s\n"},
	{"dotenv", dotenvSet, "# %s must be unset\n"},
	{"powershell", powershellSet, "Remove-Item Env:%s -ErrorAction SilentlyContinue\n"},
	{"github", githubSet, ""},
	{"docker", dockerSet, "# %s must be unset\n"},
	{"systemd", systemdSet, "UnsetEnvironment=%s\n"},
}

// Formats are the names that Export knows.
func Formats() []string {
	names := []string{"json"}
	for _, f := range formats {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// Export writes settings in a form that sets the variables which are set and unsets the others:
//
//	shell       for a POSIX shell: . FILE, or eval
//	fish        for the fish shell: source FILE
//	dotenv      a .env file, read alike by python-dotenv, Node and Docker Compose
//	json        an object; an unset variable is null, CNT a string
//	powershell  a script
//	github      to be appended to $GITHUB_ENV
//	docker      for docker run --env-file
//	systemd     a drop-in for a service
//
// A dotenv or Docker file and GitHub can't unset anything; the first two say in a comment what must be unset. A value that a format can't
// carry as it is, such as a line break for Docker, is an error that names it, and nothing is written.
func Export(w io.Writer, s Settings, name string) error {
	var b bytes.Buffer
	if err := export(&b, s.variables(), name); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func export(b *bytes.Buffer, variables []variable, name string) error {
	for _, v := range variables {
		if err := v.check(name); err != nil {
			return err
		}
	}
	if name == "json" {
		return exportJSON(b, variables)
	}
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return fmt.Errorf("there is no format %q: it is one of %s", name, strings.Join(Formats(), ", "))
	}
	if name == "systemd" {
		b.WriteString("[Service]\n")
	}
	for _, v := range variables {
		if v.value == nil {
			b.WriteString(strings.ReplaceAll(formats[i].unset, "%s", v.name))
			continue
		}
		text, err := formats[i].set(v.name, *v.value)
		if err != nil {
			return fmt.Errorf("the format %s can't carry %s: %w", name, v.name, err)
		}
		b.WriteString(text)
	}
	return nil
}

// check refuses what no environment or, in a text format, no reader takes.
func (v variable) check(format string) error {
	switch {
	case v.value == nil:
		return nil
	case strings.IndexByte(*v.value, 0) >= 0:
		return fmt.Errorf("%s: an environment variable holds no NUL", v.name)
	case len(*v.value) > maxPattern:
		return fmt.Errorf("%s: %d bytes are more than the %d that an environment variable holds", v.name, len(*v.value), maxPattern)
	case format != "shell" && format != "fish" && !utf8.ValidString(*v.value):
		return fmt.Errorf("the format %s can't carry %s: it is not UTF-8; write such bytes as \\xHH, or use the format shell", format, v.name)
	}
	return nil
}

func exportJSON(b *bytes.Buffer, variables []variable) error {
	b.WriteString("{")
	for i, v := range variables {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, "\n  %q: ", v.name)
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v.value); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1)
	}
	b.WriteString("\n}\n")
	return nil
}

func shellSet(name, value string) (string, error) {
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'\n", nil
}

func fishSet(name, value string) (string, error) {
	return "set -gx " + name + " '" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(value) + "'\n", nil
}

// dotenvSet quotes in the one way that all readers take literally: single quotes, in which python-dotenv takes \\ and \' as escapes and
// Node takes none; double quotes only around what nobody expands or escapes.
func dotenvSet(name, value string) (string, error) {
	switch {
	case strings.Contains(value, "${"):
		return "", fmt.Errorf("readers differ about ${")
	case strings.Contains(value, "\r"):
		return "", fmt.Errorf("readers change a carriage return; write \\r")
	case !strings.Contains(value, "'") && !strings.Contains(value, `\\`) && !strings.HasSuffix(value, `\`):
		return name + "='" + value + "'\n", nil
	case !strings.ContainsAny(value, "\"\\$`"):
		return name + `="` + value + "\"\n", nil
	}
	return "", fmt.Errorf(`readers differ about quotes and \\; write \x27 for a quote and \x5c for a backslash`)
}

// powershellSet spells out everything but ASCII: Windows PowerShell reads scripts in the code page of the machine.
func powershellSet(name, value string) (string, error) {
	if value == "" {
		return "", fmt.Errorf("a variable set to nothing is unset there; write (?:) instead")
	}
	var parts []string
	for len(value) > 0 {
		n := strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
		if n < 0 {
			n = len(value)
		}
		if n > 0 {
			parts = append(parts, "'"+strings.ReplaceAll(value[:n], "'", "''")+"'")
			value = value[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(value)
		parts = append(parts, fmt.Sprintf("[char]::ConvertFromUtf32(0x%x)", r))
		value = value[size:]
	}
	return "$env:" + name + " = " + strings.Join(parts, " + ") + "\n", nil
}

func githubSet(name, value string) (string, error) {
	if strings.Contains(value, "\r") {
		return "", fmt.Errorf("a carriage return would end the line; write \\r")
	}
	if !strings.Contains(value, "\n") {
		return name + "=" + value + "\n", nil
	}
	end := "END"
	for strings.Contains(value, end) {
		end += "_"
	}
	return name + "<<" + end + "\n" + value + "\n" + end + "\n", nil
}

// maxDockerLine is the line that Docker's reader (a bufio.Scanner) takes.
const maxDockerLine = 64<<10 - 1

func dockerSet(name, value string) (string, error) {
	if strings.ContainsAny(value, "\r\n") {
		return "", fmt.Errorf("a line break would end it; write \\n or \\r")
	}
	if line := name + "=" + value; len(line) <= maxDockerLine {
		return line + "\n", nil
	}
	return "", fmt.Errorf("its reader takes lines of at most %d bytes", maxDockerLine)
}

// systemdSet quotes for Environment=: escapes as in C, and % starts a specifier.
func systemdSet(name, value string) (string, error) {
	var b strings.Builder
	for _, c := range []byte(value) {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(rune(c)))
		case c == '%':
			b.WriteString("%%")
		case c == '\n':
			b.WriteString(`\n`)
		case c < ' ' && c != '\t' || c == 0x7f:
			return "", fmt.Errorf("systemd takes no control characters; write \\x%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	return `Environment="` + name + "=" + b.String() + "\"\n", nil
}
