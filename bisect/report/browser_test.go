package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"halfway/bisect"
	"halfway/bisect/report"
	"halfway/compare"
)

// browse opens a page in a headless Chromium, and returns the document after its scripts have run, and what the browser logged.
func browse(t *testing.T, page []byte) (document, log string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: .ci/run installs it")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, page, 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--enable-logging=stderr",
		"--virtual-time-budget=20000", "--dump-dom", "file://"+file)
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	if err := c.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, problems.String())
	}
	return out.String(), problems.String()
}

// TestPageInBrowser opens the pages as users do: their own script runs, under the page's policy, and nothing is logged to the console.
func TestPageInBrowser(t *testing.T) {
	for _, name := range []string{"found", "hostile"} {
		document, log := browse(t, written(t, report.HTML, results()[name]))
		if i := strings.Index(log, "CONSOLE"); i >= 0 {
			t.Errorf("%s: the console shows %s", name, log[i:])
		}
		if !strings.Contains(document, `aria-label="Copy settings for`) && name == "found" {
			t.Errorf("%s: the script made no copy buttons", name)
		}
	}
}

// probeScript runs in a page: the keyboard reaches every control, sorting sorts, axe finds no violation. Its answer is in the title.
const probeScript = `
const problems = [];
for (const d of document.querySelectorAll("details")) d.open = true;
setTimeout(() => { // once all that opens is there
if (!document.querySelector("#nodes ~ details table th button")) problems.push("the table of nodes does not open");
for (const b of document.querySelectorAll(".copy button, th button")) {
	b.focus();
	if (document.activeElement !== b || b.tabIndex < 0) problems.push("not reached: " + b.textContent);
}
const table = document.querySelector("#kept").parentElement.querySelector("table");
const column = () => [...table.tBodies[0].rows].map(r => Number(r.cells[0].textContent));
const button = table.tHead.querySelector("button");
button.click(); button.click();
const got = column();
if (got.some((v, i) => i > 0 && got[i - 1] < v)) problems.push("not sorted: " + got);
if (table.querySelector("th").getAttribute("aria-sort") !== "descending") problems.push("the order is not announced");
axe.run().then(r => {
	for (const v of r.violations) problems.push(v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).join("; "));
	document.body.replaceChildren(document.createTextNode("ANSWER" + JSON.stringify({ problems, passes: r.passes.length }) + "END"));
}); }, 100);`

var policy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)

// TestPageIsAccessible runs axe-core ($HALFWAY_AXE is its axe.min.js) in the light and the dark page.
func TestPageIsAccessible(t *testing.T) {
	axe, err := os.ReadFile(os.Getenv("HALFWAY_AXE"))
	if err != nil {
		t.Skip("no axe-core here: .ci/run fetches it")
	}
	for _, scheme := range []string{"light", "dark"} {
		page := string(policy.ReplaceAll(written(t, report.HTML, found()), nil))
		if scheme == "dark" {
			page = strings.Replace(page, "(prefers-color-scheme: dark)", "all", 1)
		}
		page = strings.Replace(page, "</body>", "<script>"+string(axe)+"</script><script>"+probeScript+"</script></body>", 1)
		document, log := browse(t, []byte(page))
		_, text, _ := strings.Cut(document, "<body>ANSWER")
		text, _, found := strings.Cut(text, "END")
		var answer struct {
			Problems []string
			Passes   int
		}
		text = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
		if err := json.Unmarshal([]byte(text), &answer); !found || err != nil {
			t.Fatalf("%s: the page gave no answer: %v\n%s", scheme, err, log)
		}
		if len(answer.Problems) > 0 || answer.Passes < 10 {
			t.Errorf("%s: %d checks passed, and\n%s", scheme, answer.Passes, strings.Join(answer.Problems, "\n"))
		}
	}
}

// large is a result in which all of n nodes are kept, and every CNT was measured.
func large(n int) *bisect.Result {
	r := found()
	r.Candidates, r.KeepF32, r.Curve, r.Nodes = n, nil, nil, nil
	for i := range n {
		tag := fmt.Sprintf("FullyConnected@__module.model.layers.%d.mlp.experts.%d.up_proj/aten::linear/MatMul", i/100, i%100)
		r.KeepF32 = append(r.KeepF32, bisect.Kept{Index: i, Tag: tag, Role: tag, Unit: i, MACs: 4096, Reason: "culprit"})
		r.Nodes = append(r.Nodes, bisect.Node{Index: i, Tag: tag, Role: fmt.Sprint("experts.", i%100), Block: fmt.Sprintf("__module.model.layers.%d", i/100), Unit: i,
			Expected: new(compare.Value(i)), Alone: new(compare.Value(i % 7))})
		r.Curve = append(r.Curve, bisect.Point{Count: i, Probe: probe(bisect.Pass, 60-30*float64(i)/float64(n))})
	}
	return r
}

// TestLargePage opens 20,000 nodes, which takes 0.5 s on an idle machine; the bound is for a busy one.
func TestLargePage(t *testing.T) {
	page := bytes.Replace(policy.ReplaceAll(written(t, report.HTML, large(20000)), nil), []byte("</body>"), []byte(
		`<script>requestAnimationFrame(() => setTimeout(() => { document.body.textContent = "TOOK" + performance.now() + "END"; }));</script></body>`), 1)
	document, _ := browse(t, page)
	_, text, _ := strings.Cut(document, "TOOK")
	text, _, found := strings.Cut(text, "END")
	took, err := time.ParseDuration(text + "ms")
	if !found || err != nil {
		t.Fatalf("the page gave no time: %v", err)
	}
	t.Logf("%d bytes, shown after %v", len(page), took)
	if took > 10*time.Second {
		t.Errorf("shown after %v", took)
	}
}
