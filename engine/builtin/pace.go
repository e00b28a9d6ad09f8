package builtin

import (
	"math"
	"sync"
	"time"
)

// A pace is what an engine's runs took so far.
type pace struct {
	mu     sync.Mutex
	took   time.Duration
	passes float64
}

func (p *pace) add(took time.Duration, passes float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took += took
	p.passes += passes
}

func (p *pace) seconds(passes float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.passes == 0 {
		return math.Inf(1)
	}
	return passes * p.took.Seconds() / p.passes
}
