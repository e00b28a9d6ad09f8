package patterns

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// exported calls read with every export of format that is not refused; what read returns are the variables.
func exported(t *testing.T, format string, read func(text string) (map[string]string, error)) {
	t.Helper()
	carried := 0
	for _, value := range values {
		var b bytes.Buffer
		if err := Export(&b, Settings{Pos: &value, Count: ptr(-3)}, format); err != nil {
			t.Logf("%.40q: %v", value, err)
			continue
		}
		carried++
		got, err := read(b.String())
		if diff := cmp.Diff(map[string]string{PosVariable: value, CountVariable: "-3"}, got); err != nil || diff != "" {
			t.Errorf("%.40q: %v (-want +got):\n%s%.400s", value, err, diff, b.String())
		}
	}
	if carried < len(values)/2 {
		t.Errorf("only %d of %d values are carried", carried, len(values))
	}
}

// fromPairs are the variables of this program among NAME=VALUE.
func fromPairs(pairs []string) map[string]string {
	got := map[string]string{}
	for _, pair := range pairs {
		if name, v, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OV_") {
			got[name] = v
		}
	}
	return got
}

// TestDockerReads gives the files to the docker client, which reads them itself and tells the daemon, here the test, what it read.
func TestDockerReads(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil {
		t.Skip("no docker client here: whether it reads the format docker is not tested")
	}
	dir := t.TempDir()
	told := make(chan []string, 1)
	daemon := http.NewServeMux()
	daemon.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	daemon.HandleFunc("POST /{version}/containers/create", func(w http.ResponseWriter, r *http.Request) {
		var c struct{ Env []string }
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		told <- c.Env
		http.Error(w, `{"message":"this is all"}`, http.StatusInternalServerError)
	})
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skip(err)
	}
	server := &http.Server{Handler: daemon}
	go server.Serve(socket)
	defer server.Close()
	exported(t, "docker", func(text string) (map[string]string, error) {
		file := filepath.Join(dir, "env")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		c := exec.Command(docker, "create", "--env-file", file, "image")
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "DOCKER_HOST=unix://" + socket.Addr().String()}
		out, err := c.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("this is all")) {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		return fromPairs(<-told), nil
	})
}

// TestPythonReads gives the files to python-dotenv.
func TestPythonReads(t *testing.T) {
	if err := exec.Command("python3", "-c", "import dotenv").Run(); err != nil {
		t.Skip("no python-dotenv here: whether it reads the format dotenv is not tested")
	}
	c := exec.Command("python3", "-c", `import dotenv, io, json, sys
for line in sys.stdin:
    print(json.dumps(dotenv.dotenv_values(stream=io.StringIO(json.loads(line)))), flush=True)`)
	in, inErr := c.StdinPipe()
	out, outErr := c.StdoutPipe()
	if err := errors.Join(inErr, outErr, c.Start()); err != nil {
		t.Fatal(err)
	}
	texts, answers := json.NewEncoder(in), json.NewDecoder(out)
	exported(t, "dotenv", func(text string) (got map[string]string, err error) {
		err = errors.Join(texts.Encode(text), answers.Decode(&got))
		return got, err
	})
	if err := errors.Join(in.Close(), c.Wait()); err != nil {
		t.Error(err)
	}
}

// TestSystemdTakes asks systemd-analyze, which warns of every line that systemd would pass over, and undoes the quoting by systemd.syntax(7) and
// systemd.exec(5).
func TestSystemdTakes(t *testing.T) {
	dir := t.TempDir()
	verify := []string{"--man=no", "--generators=no", "verify"}
	exported(t, "systemd", func(text string) (map[string]string, error) {
		verify = append(verify, filepath.Join(dir, fmt.Sprintf("halfway%d.service", len(verify))))
		if err := os.WriteFile(verify[len(verify)-1], []byte(text+"Type=oneshot\nExecStart=/bin/true\n"), 0o644); err != nil {
			return nil, err
		}
		var pairs []string
		for line := range strings.SplitSeq(text, "\n") {
			if quoted, ok := strings.CutPrefix(line, "Environment="); ok {
				pair, err := strconv.Unquote(strings.ReplaceAll(quoted, "\t", `\t`)) // its escapes are those of C
				if err != nil {
					return nil, fmt.Errorf("%s: %w", line, err)
				}
				pairs = append(pairs, strings.ReplaceAll(pair, "%%", "%"))
			}
		}
		return fromPairs(pairs), nil
	})
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	if out, err := exec.Command(analyze, verify...).CombinedOutput(); bytes.Contains(out, []byte("halfway")) {
		t.Errorf("systemd-analyze: %v\n%.2000s", err, out)
	}
}

// TestGitHubReads follows the runner's reader (EnvFileKeyValuePairs in FileCommandManager.cs): the first of = and << on a line decides.
func TestGitHubReads(t *testing.T) {
	exported(t, "github", func(text string) (map[string]string, error) {
		got := map[string]string{}
		for text != "" {
			var line string
			line, text, _ = strings.Cut(text, "\n")
			equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
			switch {
			case line == "":
			case equals >= 0 && (heredoc < 0 || equals < heredoc):
				got[line[:equals]] = line[equals+1:]
			case heredoc > 0:
				value, rest, found := strings.Cut("\n"+text, "\n"+line[heredoc+2:]+"\n")
				if !found {
					return nil, fmt.Errorf("no end of %s", line)
				}
				got[line[:heredoc]], text = strings.TrimPrefix(value, "\n"), rest
			default:
				return nil, fmt.Errorf("invalid format %q", line)
			}
		}
		return got, nil
	})
}

// TestPowerShellReads follows about_Quoting_Rules: in single quotes nothing is expanded, and a quote is doubled. Curly quotes are quotes there
// too, and Windows PowerShell reads what is not ASCII in the code page of the machine, so neither may be in the text.
func TestPowerShellReads(t *testing.T) {
	exported(t, "powershell", func(text string) (map[string]string, error) {
		got := map[string]string{}
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if strings.HasPrefix(line, "Remove-Item Env:") {
				continue
			}
			name, expression, ok := strings.Cut(strings.TrimPrefix(line, "$env:"), " = ")
			value, err := concatenated(expression)
			if !ok || err != nil || strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			got[name] = value
		}
		return got, nil
	})
}

// concatenated is the value of strings and characters with + between them.
func concatenated(expression string) (string, error) {
	var b strings.Builder
	for {
		if hex, ok := strings.CutPrefix(expression, "[char]::ConvertFromUtf32(0x"); ok {
			digits, rest, _ := strings.Cut(hex, ")")
			r, err := strconv.ParseUint(digits, 16, 21)
			if err != nil || !utf8.ValidRune(rune(r)) {
				return "", fmt.Errorf("no character: %s, %w", digits, err)
			}
			b.WriteRune(rune(r))
			expression = rest
		} else if rest, ok := strings.CutPrefix(expression, "'"); ok {
			for {
				text, more, closed := strings.Cut(rest, "'")
				if !closed {
					return "", io.ErrUnexpectedEOF
				}
				b.WriteString(text)
				if rest, closed = strings.CutPrefix(more, "'"); !closed {
					expression = more
					break
				}
				b.WriteByte('\'')
			}
		} else {
			return "", fmt.Errorf("no string at %.20q", expression)
		}
		if expression == "" {
			return b.String(), nil
		}
		if expression, _ = strings.CutPrefix(expression, " + "); expression == "" {
			return "", io.ErrUnexpectedEOF
		}
	}
}
