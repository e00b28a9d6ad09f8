package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"halfway/engine/enginetest"
)

// readers take a file of settings into the environment, then run the command $CHECK with it.
var readers = []struct {
	name, format string
	args         []string // the file is $FILE
}{
	{"bash", "shell", []string{"bash", "-c", `. "$FILE"; eval "$CHECK"`}},
	{"dash", "shell", []string{"dash", "-c", `. "$FILE"; eval "$CHECK"`}},
	{"zsh", "shell", []string{"zsh", "-c", `. "$FILE"; eval "$CHECK"`}},
	{"fish", "fish", []string{"fish", "-c", `source "$FILE"; eval "$CHECK"`}},
	{"python-dotenv", "dotenv", []string{"python3", "-c", `import os, subprocess, sys
from dotenv import dotenv_values
sys.exit(subprocess.call(["sh", "-c", os.environ["CHECK"]], env={**os.environ, **dotenv_values(os.environ["FILE"])}))`}},
	{"node", "dotenv", []string{"sh", "-c", `node --env-file="$FILE" -e 'process.exit(require("child_process").spawnSync("sh", ["-c", process.env.CHECK]).status)'`}},
	{"docker's rules", "docker", []string{"sh", "-c", `while IFS= read -r line; do case "$line" in ""|"#"*) ;; *) export "$line";; esac; done <"$FILE"; eval "$CHECK"`}},
	{"JSON", "json", []string{"python3", "-c", `import json, os, subprocess, sys
s = {k: v for k, v in json.load(open(os.environ["FILE"])).items() if v is not None}
sys.exit(subprocess.call(["sh", "-c", os.environ["CHECK"]], env={**os.environ, **s}))`}},
}

// TestSettingsOfOddNames takes models with odd, equal and long names from the search through the export into the real readers, and from there back
// into check: the settings hold there.
func TestSettingsOfOddNames(t *testing.T) {
	for _, name := range []string{"m2-odd-names", "l2-duplicate-name-other-type", "n1-long-names"} {
		folder := enginetest.Shared(t, "cases", name)
		b, err := os.ReadFile(filepath.Join(folder, "case.json"))
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Checks []struct {
				Output    string
				Tolerance float64
			}
		}
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatal(err)
		}
		args := fmt.Sprintf("'%s/model.xml' --view plain --input '%s/input.npz' --accept '%s:rel-l2<=%v'", folder, folder, c.Checks[0].Output, c.Checks[0].Tolerance)
		dir := t.TempDir()
		shell(t, dir, "halfway bisect "+args+" --no-exhaustive --json result.json")
		for _, r := range readers {
			t.Run(name+" "+r.name, func(t *testing.T) { readBack(t, dir, r.format, r.args, "halfway check --from-env --quiet "+args) })
		}
	}
}

func shell(t *testing.T, dir, command string) {
	t.Helper()
	c := exec.Command("sh", "-euc", command)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

func readBack(t *testing.T, dir, format string, args []string, check string) {
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("no %s here", args[0])
	}
	if format == "dotenv" && exec.Command("sh", "-c", `command -v node && python3 -c "import dotenv"`).Run() != nil {
		t.Skip("no node or python-dotenv here")
	}
	shell(t, dir, "halfway export result.json --format "+format+" >settings")
	c := exec.Command(args[0], args[1:]...)
	c.Dir = dir
	c.Env = append(os.Environ(), "FILE="+filepath.Join(dir, "settings"), "CHECK="+check)
	if out, err := c.CombinedOutput(); err != nil {
		settings, _ := os.ReadFile(filepath.Join(dir, "settings"))
		t.Errorf("%v\n%s\n%s", err, out, settings)
	}
}
