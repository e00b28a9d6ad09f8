package patterns

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// values are what shells and files like to change.
var values = []string{
	"", ".*", `__module\.model\.layers\.(\d+)\.input_layernorm/`, `a\\b`, `it's`, `'`, `''`, `"`, "`id`", `$(id)`, `$HOME ${HOME}`, `!!`, `%PATH% %n`, `#x`, ` # x`, ` x `, "\t",
	"-n", "--", "a\nb", "a\n", "\n", "a\rb", "層/слой", "‘’‚‛", "😀", "\xff\xfe", "\x1b[31m", `\`, `a\`, `\'`, `~`, `*`, `<<END`, "END\nx", "=", "a=b", `{a,b}`, `;id`, `&`, `|`, `\x27`,
	strings.Repeat(`layers\.(\d+)\.'"$`, 5800), // 100 KiB
}

// readers run what a format's reader is, with the exported file as its argument, so that it prints the three variables as JSON.
var readers = []struct {
	format, command string
	args            func(file string) []string
}{
	{"shell", "bash", sourced("bash")},
	{"shell", "dash", sourced("dash")},
	{"shell", "zsh", sourced("zsh")},
	{"fish", "fish", func(file string) []string { return []string{"fish", "-c", "source " + file + "; exec env -0"} }},
	{"powershell", "pwsh", func(file string) []string { return []string{"pwsh", "-NoProfile", "-File", file} }},
	{"dotenv", "node", func(file string) []string {
		return []string{"node", "--env-file=" + file, "-e", `for (const [k, v] of Object.entries(process.env)) process.stdout.write(k + "=" + v + "\0")`}
	}},
}

func sourced(shell string) func(string) []string {
	return func(file string) []string { return []string{shell, "-c", ". " + file + "; exec env -0"} }
}

// TestExportedIsRead gives every value to the real readers: what they see is the value, or the export was refused.
func TestExportedIsRead(t *testing.T) {
	for _, r := range readers {
		t.Run(r.format+" "+r.command, func(t *testing.T) {
			if _, err := exec.LookPath(r.command); err != nil {
				t.Skipf("no %s here: whether it reads the format %s is not tested", r.command, r.format)
			}
			for _, value := range values {
				s := Settings{Pos: &value, Count: ptr(-3)}
				var b bytes.Buffer
				if err := Export(&b, s, r.format); err != nil {
					t.Logf("%.40q: %v", value, err)
					continue
				}
				file := filepath.Join(t.TempDir(), "settings.ps1")
				if r.format == "powershell" {
					b.WriteString("\n/usr/bin/env -0\n")
				}
				if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				args := r.args(file)
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nowhere"}
				if !strings.Contains(" dotenv ", " "+r.format+" ") {
					cmd.Env = append(cmd.Env, NegVariable+"=left over")
				}
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%.40q: %v\n%.400s", value, err, b.String())
				}
				got := map[string]string{}
				for _, pair := range strings.Split(string(out), "\x00") {
					if name, v, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OV_") {
						got[name] = v
					}
				}
				if diff := cmp.Diff(map[string]string{PosVariable: value, CountVariable: "-3"}, got); diff != "" {
					t.Errorf("%.40q (-want +got):\n%.400s%.400s", value, diff, b.String())
				}
			}
		})
	}
}

// TestReadBack reads every export that ReadEnv takes.
func TestReadBack(t *testing.T) {
	for _, format := range []string{"shell", "dotenv", "docker"} {
		for _, value := range values {
			s := Settings{Neg: &value, Count: ptr(5)}
			var b bytes.Buffer
			if err := Export(&b, s, format); err != nil {
				continue
			}
			got, err := ReadEnv(&b)
			ambiguous := format == "docker" && (strings.HasPrefix(value, "'") || strings.HasPrefix(value, `"`) || strings.Contains(value, " #"))
			if diff := cmp.Diff(s, got); !ambiguous && (err != nil || diff != "") {
				t.Errorf("%s, %q: %v (-want +got):\n%s", format, value, err, diff)
			}
		}
	}
}

func TestExport(t *testing.T) {
	s := Settings{Neg: ptr(`layers\.(3|7)\."'é`)}
	for format, want := range map[string]string{
		"shell":      "unset OV_CPU_INFER_PRC_POS_PATTERN\nexport OV_CPU_INFER_PRC_NEG_PATTERN='layers\\.(3|7)\\.\"'\\''é'\nunset OV_CPU_INFER_PRC_CNT\n",
		"fish":       "set -e OV_CPU_INFER_PRC_POS_PATTERN\nset -gx OV_CPU_INFER_PRC_NEG_PATTERN 'layers\\\\.(3|7)\\\\.\"\\'é'\nset -e OV_CPU_INFER_PRC_CNT\n",
		"json":       "{\n  \"OV_CPU_INFER_PRC_POS_PATTERN\": null,\n  \"OV_CPU_INFER_PRC_NEG_PATTERN\": \"layers\\\\.(3|7)\\\\.\\\"'é\",\n  \"OV_CPU_INFER_PRC_CNT\": null\n}\n",
		"github":     "OV_CPU_INFER_PRC_NEG_PATTERN=layers\\.(3|7)\\.\"'é\n",
		"docker":     "# OV_CPU_INFER_PRC_POS_PATTERN must be unset\nOV_CPU_INFER_PRC_NEG_PATTERN=layers\\.(3|7)\\.\"'é\n# OV_CPU_INFER_PRC_CNT must be unset\n",
		"systemd":    "[Service]\nUnsetEnvironment=OV_CPU_INFER_PRC_POS_PATTERN\nEnvironment=\"OV_CPU_INFER_PRC_NEG_PATTERN=layers\\\\.(3|7)\\\\.\\\"'é\"\nUnsetEnvironment=OV_CPU_INFER_PRC_CNT\n",
		"powershell": "Remove-Item Env:OV_CPU_INFER_PRC_POS_PATTERN -ErrorAction SilentlyContinue\n$env:OV_CPU_INFER_PRC_NEG_PATTERN = 'layers\\.(3|7)\\.\"''' + [char]::ConvertFromUtf32(0xe9)\nRemove-Item Env:OV_CPU_INFER_PRC_CNT -ErrorAction SilentlyContinue\n",
	} {
		var b bytes.Buffer
		if err := Export(&b, s, format); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if format == "json" && !json.Valid(b.Bytes()) {
			t.Error("the JSON is not valid")
		}
	}
}

func TestExportRefuses(t *testing.T) {
	for _, c := range []struct{ name, format, value, err string }{
		{"unknown format", "xml", "a", `there is no format "xml": it is one of docker, dotenv, fish, github, json, powershell, shell, systemd`},
		{"NUL", "shell", "a\x00", "holds no NUL"},
		{"too long", "shell", strings.Repeat("a", 128<<10), "more than the 131042 that an environment variable holds"},
		{"not UTF-8", "json", "\xff", "it is not UTF-8"},
		{"line break for Docker", "docker", "a\nb", "a line break would end it"},
		{"long line for Docker", "docker", strings.Repeat("a", 65<<10), "lines of at most 65535 bytes"},
		{"carriage return for GitHub", "github", "a\rb", "carriage return"},
		{"expansion in dotenv", "dotenv", `[${]`, "readers differ about ${"},
		{"escapes in dotenv", "dotenv", `'\d`, "readers differ about quotes"},
		{"empty in PowerShell", "powershell", "", "is unset there"},
		{"control character for systemd", "systemd", "\x01", `write \x01`},
	} {
		var b bytes.Buffer
		err := Export(&b, Settings{Pos: &c.value}, c.format)
		if err == nil || !strings.Contains(err.Error(), c.err) || b.Len() > 0 {
			t.Errorf("%s: error %v with %d bytes written, want %q", c.name, err, b.Len(), c.err)
		}
	}
}

func TestReadEnv(t *testing.T) {
	pos, neg, cnt := PosVariable, NegVariable, CountVariable
	for _, c := range []struct {
		name, text string
		want       Settings
		err        string
	}{
		{"plain", neg + `=layers\.(3|7)\.` + "\n", Settings{Neg: ptr(`layers\.(3|7)\.`)}, ""},
		{"no line end", cnt + "=7", Settings{Count: ptr(7)}, ""},
		{"lines of Windows", pos + "=a\r\n" + neg + "='b'\r\n", Settings{Pos: ptr("a"), Neg: ptr("b")}, ""},
		{"set to nothing", pos + "=\n" + neg + "=''\n", Settings{Pos: ptr(""), Neg: ptr("")}, ""},
		{"comments, empty lines, other variables", "# " + pos + "=x\n\nLD_PRELOAD=y # z\n  export " + neg + "=\"b\" # why\n", Settings{Neg: ptr("b")}, ""},
		{"the last one counts", pos + "=a\n" + pos + "=b\nunset " + pos + " X\n", Settings{}, ""},
		{"several lines in quotes", neg + "='a\nb'\n" + cnt + "=-1\n", Settings{Neg: ptr("a\nb"), Count: ptr(-1)}, ""},
		{"quotes in turn", neg + `='it'\''s'"\"\\\d"` + "\n", Settings{Neg: ptr(`it's"\\d`)}, ""},
		{"no number is 0", cnt + "=many\n", Settings{Count: ptr(0)}, ""},
		{"a script", "if true; then\n", Settings{}, "line 1: if true; then is neither NAME=value nor unset NAME"},
		{"unclosed", "\n" + neg + "='a\n", Settings{}, "line 2: " + neg + ": a quote is not closed"},
		{"expansion", neg + `="$HOME"`, Settings{}, "would be expanded"},
		{"a second word", neg + `='a' 'b'`, Settings{}, "'b' follows the value"},
		{"text after a quote", neg + `='a'b`, Settings{}, "b follows a quote"},
		{"a comment or not", neg + `=a #b`, Settings{}, "put the value in quotes"},
		{"too much", strings.Repeat("#", 5<<20), Settings{}, "more than 4 MiB"},
	} {
		got, err := ReadEnv(strings.NewReader(c.text))
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
