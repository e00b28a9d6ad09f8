package cmd

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"halfway/bisect"
)

// talk are the flags that say how much a command tells beside its answer.
type talk struct{ quiet, verbose bool }

func (t *talk) register(c *cobra.Command) {
	c.Flags().BoolVarP(&t.quiet, "quiet", "q", false, "no progress and no notes on standard error")
	c.Flags().BoolVarP(&t.verbose, "verbose", "v", false, "a line on standard error for every probe")
	c.MarkFlagsMutuallyExclusive("quiet", "verbose")
}

// A progress tells on standard error how far a command is: by a line for every probe where verbose, else by a bar on a terminal once the
// command takes more than a second. The bar leaves no trace.
type progress struct {
	w      io.Writer
	talk   talk
	latest atomic.Pointer[bisect.Event]
	quit   chan struct{}
	gone   sync.WaitGroup
}

const (
	delay   = time.Second // how long a command works before its bar appears
	refresh = 200 * time.Millisecond
)

func newProgress(w io.Writer, t talk, what string) *progress {
	p := &progress{w: w, talk: t, quit: make(chan struct{})}
	if _, ok := terminal(w); ok && !t.quiet && !t.verbose {
		bar := progressbar.NewOptions(1, progressbar.OptionSetWriter(w), progressbar.OptionFullWidth(), progressbar.OptionSetPredictTime(true),
			progressbar.OptionSetDescription(what))
		bar.StartWithoutRender() // counts the time from here
		p.gone.Go(func() { p.draw(bar) })
	}
	return p
}

// draw keeps the bar up to date until stop. What cannot be written to the terminal is not shown.
func (p *progress) draw(bar *progressbar.ProgressBar) {
	select {
	case <-time.After(delay):
	case <-p.quit:
		return
	}
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	for {
		if e := p.latest.Load(); e != nil {
			bar.Describe(string(e.Stage))
			bar.ChangeMax(e.Predicted + 1) // it must not be full before the end
			_ = bar.Set(e.Probes)
		}
		_ = bar.RenderBlank()
		select {
		case <-ticks.C:
		case <-p.quit:
			_ = bar.Clear()
			return
		}
	}
}

// stop removes the bar.
func (p *progress) stop() {
	close(p.quit)
	p.gone.Wait()
}

// event shows one event of a search.
func (p *progress) event(e bisect.Event) {
	p.latest.Store(&e)
	if p.talk.verbose {
		p.line(e)
	}
}

// line writes an event as a line of a log.
func (p *progress) line(e bisect.Event) {
	if e.Verdict == "" {
		fmt.Fprintf(p.w, "%s: about %d probes to go\n", e.Stage, e.Predicted-e.Probes)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: probe %d, %d enforced", e.Stage, e.Probes, e.Enforced)
	if e.Count != nil {
		fmt.Fprintf(&b, " (CNT=%d)", *e.Count)
	}
	fmt.Fprintf(&b, ": %s, error/tolerance %.3g, %.2f passes", e.Verdict, e.Ratio, e.ForwardPasses)
	if e.Replayed {
		b.WriteString(", from the journal")
	}
	fmt.Fprintln(p.w, b.String())
}
