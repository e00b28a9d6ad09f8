package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"halfway/engine"
	"halfway/engine/command"
	"halfway/engine/tensor"
	"halfway/patterns"
)

// nodes are what the fake program counts, in this order.
var nodes = []string{"Convolution@conv1", "Eltwise@add1", "Convolution@conv2", "Eltwise@add2", "Softmax@twice", "Softmax@twice"}

// TestMain lets the test's own binary be the program that the engine drives: fake obeys the variables, or misbehaves as $FAKE says.
func TestMain(m *testing.M) {
	if mode := os.Getenv("FAKE"); mode != "" {
		fake(mode)
		return
	}
	os.Exit(m.Run())
}

func fake(mode string) {
	s := patterns.Settings{}
	if v, ok := os.LookupEnv(patterns.PosVariable); ok {
		s.Pos = &v
	}
	if v, ok := os.LookupEnv(patterns.NegVariable); ok {
		s.Neg = &v
	}
	if v, ok := os.LookupEnv(patterns.CountVariable); ok {
		n := patterns.ParseCount(v)
		s.Count = &n
	}
	tags := nodes
	if mode == "renamed" && s.Count != nil {
		tags = append([]string{"Convolution@other"}, nodes[1:]...)
	}
	selected, err := s.Select(tags)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	var accepted []string
	for i, in := range selected {
		if in {
			accepted = append(accepted, tags[i])
		}
	}
	misbehave(mode, len(accepted))
	fmt.Printf("error = %d.5\n", len(accepted))
	if err := patterns.WriteListing(os.Stdout, s, accepted); err != nil {
		os.Exit(9)
	}
	out := tensor.Of(tensor.F32, []float32{float32(len(accepted))}, 1)
	if err := tensor.WriteNPZ(os.Getenv("HALFWAY_OUTPUT"), []tensor.Named{{Name: "y", Tensor: out}}); err != nil {
		os.Exit(9)
	}
	if mode == "status" && len(accepted) > 2 {
		os.Exit(1)
	}
}

// misbehave does what a mode says, once something is enforced but not everything.
func misbehave(mode string, accepted int) {
	if accepted == 0 || accepted == len(nodes) {
		return
	}
	switch mode {
	case "exit":
		fmt.Fprintln(os.Stderr, "no memory left")
		os.Exit(3)
	case "skip":
		os.Exit(125)
	case "abort":
		var p *int
		*p = 1
	case "hang":
		time.Sleep(time.Hour)
	case "flood":
		line := []byte(strings.Repeat("x", 1<<16))
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				os.Exit(1)
			}
		}
	case "silent":
		os.Exit(0)
	case "garbage":
		if os.WriteFile(os.Getenv("HALFWAY_OUTPUT"), []byte("PK not an archive"), 0o600) == nil {
			fmt.Print("infer precision enforced Types: A,  total number of nodes: 7\nA : \n\tA@b\n\n")
		}
		os.Exit(0)
	case "disobey":
		fmt.Print("infer precision enforced Types: Convolution,  total number of nodes: 1\nConvolution : \n\tConvolution@conv2\n\n")
	}
}

func newEngine(t *testing.T, mode string, change func(o *command.Options)) *command.Engine {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE", mode)
	t.Setenv(patterns.NegVariable, "inherited: must not reach the program")
	o := command.Options{Args: []string{exe, "{model}", "{input}"}, Model: "model with spaces.xml", Precision: "bf16", Temp: t.TempDir()}
	if change != nil {
		change(&o)
	}
	e, err := command.New(o, sample())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func sample() engine.Sample {
	return engine.Sample{Source: "x.npz", Inputs: map[string]*tensor.Tensor{"x": tensor.Of(tensor.F32, []float32{1, 2}, 2)}}
}

func TestCandidatesPrefixesAndSets(t *testing.T) {
	e, ctx := newEngine(t, "well", nil), context.Background()
	list, err := e.Candidates(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, c := range list {
		tags = append(tags, c.Tag)
	}
	if got := strings.Join(tags, " "); got != "Convolution@conv1 Convolution@conv2 Eltwise@add1 Eltwise@add2 Softmax@twice Softmax@twice" {
		t.Errorf("candidates by type as listed: %s", got)
	}
	for k, want := range []string{"[0]", "[0 2]", "[0 1 2]", "[0 1 2 3]", "[0 1 2 3 4]", "[0 1 2 3 4 5]"} {
		set, err := e.Prefix(ctx, k)
		if got := fmt.Sprint(set.Positions()); err != nil || got != want {
			t.Errorf("CNT=%d enforces %s (%v), want %s", k, got, err, want)
		}
	}
	for _, set := range []engine.Set{{}, engine.SetOf(3), engine.SetOf(0, 3), engine.SetOf(4, 5), engine.All(len(list))} {
		o, err := e.Run(ctx, set, sample())
		if err != nil {
			t.Errorf("%v: %v", set.Positions(), err)
			continue
		}
		if !o.Enforced.Equal(set) || o.Outputs[0].Name != "y" || int(o.Outputs[0].Tensor.F32s()[0]) != set.Len() {
			t.Errorf("%v: enforced %v, output %v", set.Positions(), o.Enforced.Positions(), o.Outputs[0].Tensor.F32s())
		}
	}
	if _, err := e.Run(ctx, engine.SetOf(4), sample()); kindOf(err) != engine.NotHonoured {
		t.Errorf("one of two nodes of one tag: %v, want not-honoured", err)
	}
}

func kindOf(err error) engine.FailureKind {
	if f, ok := errors.AsType[*engine.Failure](err); ok {
		return f.Kind
	}
	return ""
}

func TestFailuresAreClassified(t *testing.T) {
	for _, c := range []struct {
		mode   string
		kind   engine.FailureKind
		detail string
	}{
		{"exit", engine.Crash, "exit status 3; its last errors: no memory left"},
		{"skip", engine.Skipped, "125"},
		{"abort", engine.Crash, "its last errors"},
		{"hang", engine.Timeout, "no end after"},
		{"flood", engine.Crash, "printed more than"},
		{"silent", engine.NotHonoured, "it prints no listing"},
		{"garbage", engine.NotHonoured, "7"},
		{"renamed", "", ""},
	} {
		t.Run(c.mode, func(t *testing.T) {
			timeout := time.Minute // a busy machine is slow, and only one of these hangs
			if c.kind == engine.Timeout {
				timeout = 3 * time.Second
			}
			e := newEngine(t, c.mode, func(o *command.Options) { o.Timeout = timeout })
			o, err := e.Run(context.Background(), engine.SetOf(0, 1, 2), sample())
			if kindOf(err) != c.kind || err != nil && !strings.Contains(err.Error(), c.detail) {
				t.Errorf("%v %v, want %s with %q", o.Enforced, err, c.kind, c.detail)
			}
		})
	}
	t.Run("disobedience is reported", func(t *testing.T) {
		e := newEngine(t, "disobey", nil)
		if o, err := e.Run(context.Background(), engine.SetOf(0), sample()); err == nil && o.Enforced.Equal(engine.SetOf(0)) {
			t.Error("the listing of another set was taken for the one asked for")
		}
	})
	t.Run("a changed listing", func(t *testing.T) {
		e := newEngine(t, "renamed", nil)
		if _, err := e.Prefix(context.Background(), 0); kindOf(err) != engine.NotHonoured || !strings.Contains(err.Error(), "listing changed") {
			t.Errorf("%v, want not-honoured: the listing changed", err)
		}
	})
}

func TestMetricAndStatus(t *testing.T) {
	e := newEngine(t, "well", func(o *command.Options) { o.Metric = regexp.MustCompile(`error = (\S+)`) })
	o, err := e.Run(context.Background(), engine.SetOf(0, 1), sample())
	if err != nil || o.Metric == nil || *o.Metric != 2.5 {
		t.Errorf("metric %v (%v), want 2.5", o.Metric, err)
	}
	e = newEngine(t, "status", func(o *command.Options) { o.Status = true })
	for n, want := range map[int]int{2: 0, 3: 1} {
		o, err := e.Run(context.Background(), engine.Prefix(must(e.Candidates(context.Background())), n-1), sample())
		if err != nil || o.Status == nil || *o.Status != want {
			t.Errorf("status of %d nodes: %v (%v), want %d", n, o.Status, err, want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCancellationLeavesNothing(t *testing.T) {
	e := newEngine(t, "hang", nil)
	if _, err := e.Candidates(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(200*time.Millisecond, cancel)
	start := time.Now()
	if _, err := e.Run(ctx, engine.SetOf(0), sample()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want cancelled", err)
	}
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("it took %v to stop", d)
	}
}

func TestShellFindsItsPathsInVariables(t *testing.T) {
	exe := must(os.Executable())
	e := newEngine(t, "well", func(o *command.Options) {
		o.Shell, o.Args = true, []string{"test \"$HALFWAY_MODEL\" = 'model with spaces.xml' && " + strconv.Quote(exe)}
	})
	if _, err := e.Candidates(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestFoldersAreRemoved(t *testing.T) {
	temp := t.TempDir()
	e := newEngine(t, "well", func(o *command.Options) { o.Temp = temp })
	for i := range 3 {
		if _, err := e.Run(context.Background(), engine.SetOf(i), sample()); err != nil {
			t.Fatal(err)
		}
	}
	if left := must(filepath.Glob(filepath.Join(temp, "*", "probe-*"))); len(left) > 0 {
		t.Errorf("probes left %v", left)
	}
}

// TestLauncherEndsItsJob has a launcher whose job is out of reach, as that of a cluster's scheduler is: at the timeout the launcher gets the chance to
// end it.
func TestLauncherEndsItsJob(t *testing.T) {
	dir := t.TempDir()
	pids, launcher := filepath.Join(dir, "pids"), filepath.Join(dir, "launch")
	const script = `#!/bin/sh
pids=$1; shift
setsid "$@" &
echo $! >> "$pids"
trap 'kill -9 $!; exit 143' TERM
wait $!
`
	if err := os.WriteFile(launcher, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, "hang", func(o *command.Options) { o.Launcher, o.Timeout = []string{launcher, pids}, 2*time.Second })
	if _, err := e.Run(context.Background(), engine.SetOf(0), sample()); kindOf(err) != engine.Timeout {
		t.Errorf("%v, want a timeout", err)
	}
	jobs := strings.Fields(string(must(os.ReadFile(pids))))
	if len(jobs) != 2 { // the listing of the candidates, and the probe
		t.Fatalf("%d jobs", len(jobs))
	}
	for _, job := range jobs {
		if status, err := os.ReadFile(filepath.Join("/proc", job, "stat")); err == nil && !strings.Contains(string(status), ") Z ") {
			t.Errorf("job %s is still running", job)
		}
	}
}
