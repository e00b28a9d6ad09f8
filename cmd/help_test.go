package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var example = regexp.MustCompile(`(?m)^  ([A-Z_]+='?[^ ]*'? )?halfway .*$`)

// TestExamples runs every example of every command's help, as a shell would, on files called as in the examples. An example may find that
// something is broken (3, 4); that it is no use of the command (2), or does not run (1), is a fault of the help.
func TestExamples(t *testing.T) {
	out, err := exec.Command("halfway", "help").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(out), "Commands:\n")
	for _, name := range regexp.MustCompile(`(?m)^  (\w+)  `).FindAllStringSubmatch(list, -1) {
		if name[1] == "completion" || name[1] == "help" {
			continue // cobra's own
		}
		help, err := exec.Command("halfway", name[1], "--help").Output()
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(string(help), "Examples:\n")
		text, _, _ = strings.Cut(text, "\n\n")
		examples := example.FindAllString(text, -1)
		if len(examples) == 0 {
			t.Errorf("%s has no examples", name[1])
		}
		dir := t.TempDir()
		prepare(t, dir)
		for _, line := range examples {
			runExample(t, dir, strings.TrimSpace(line))
		}
	}
}

func runExample(t *testing.T, dir, line string) {
	if strings.Contains(line, "openvino") || strings.Contains(line, "python run.py") || strings.Contains(line, "onnxruntime") || strings.Contains(line, "halfway patch") {
		return // needs an installation of these
	}
	c := exec.Command("sh", "-c", line)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"))
	if out, err := c.CombinedOutput(); err != nil {
		if status := c.ProcessState.ExitCode(); status != 3 && status != 4 {
			t.Errorf("%s: exit status %d\n%s", line, status, out)
		}
	}
}

// TestRecipes runs the commands of "halfway help ci", those of each system in a folder of its own, after the settings and with a model that breaks.
func TestRecipes(t *testing.T) {
	text, err := os.ReadFile("docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, system := range []string{"GitHub Actions", "GitLab", "Jenkins"} {
		_, part, _ := strings.Cut(string(text), "\n"+system+"\n")
		for _, next := range []string{"\nGitLab\n", "\nJenkins\n"} {
			part, _, _ = strings.Cut(part, next)
		}
		dir := t.TempDir()
		prepare(t, dir)
		lines := regexp.MustCompile(`halfway (check|bisect|report) [^'\n]*`).FindAllString(part, -1)
		if len(lines) < 4 {
			t.Errorf("%s: only %d commands", system, len(lines))
		}
		for _, line := range lines {
			runExample(t, dir, line)
		}
		for _, file := range regexp.MustCompile(`halfway\.(xml|json|sarif|html)`).FindAllString(part, -1) {
			if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", system, err)
			}
		}
	}
}

// prepare makes the files that examples are about.
func prepare(t *testing.T, dir string) {
	t.Helper()
	for from, to := range map[string]string{"model.xml": "model.xml", "model.bin": "model.bin", "input.npz": "x.npz"} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "tiny-lm", from))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("sh", "-euc", `mkdir samples && cp x.npz samples/
halfway run model.xml --input x.npz --precision f32 --output f32.npz
halfway run model.xml --input x.npz --output bf16.npz
halfway bisect model.xml --input x.npz --no-exhaustive --json result.json
halfway export result.json --format dotenv > precision.env
halfway check model.xml --input x.npz --env precision.env --json check.json`)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestCompletion loads the completion of bash into a real bash, and asks it to complete.
func TestCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here")
	}
	for _, c := range []struct{ line, want string }{
		{"halfway bis", "bisect"},
		{"halfway bisect --precision ", "bf16 f16"},
		{"halfway report r.json --format ht", "html"},
		{"halfway export r.json --format she", "shell"},
	} {
		script := `__get() { COMP_LINE=$1; COMP_POINT=${#1}; read -ra COMP_WORDS <<<"$1"; [[ $1 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]}-1))
_init_completion() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
__start_halfway; echo "${COMPREPLY[@]}"; }
compopt() { :; }
source <(halfway completion bash); COMP_TYPE=9; __get "$1"`
		out, err := exec.Command(bash, "-c", script, "bash", c.line).CombinedOutput()
		if err != nil || strings.Join(strings.Fields(string(out)), " ") != c.want {
			t.Errorf("%q: completes to %q, %v, want %q", c.line, out, err, c.want)
		}
	}
	for _, shell := range []string{"zsh", "fish"} { // their parsers take the scripts
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		script := filepath.Join(t.TempDir(), "halfway")
		out, err := exec.Command("halfway", "completion", shell).Output()
		if err == nil {
			err = os.WriteFile(script, out, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
}
