package patterns

import "strings"

// Limits are what a pattern may cost on given tags: what an environment variable holds, the states that std::regex makes, and its
// recursion, which takes a step for each byte that it passes and two for each turn of a repetition. 58,000 steps fill a stack of 8 MiB.
type limits struct {
	longest, digits int    // the longest tag, and the longest number in any
	anything        string // what passes any part of a tag
}

// maxSteps leaves room for threads with a stack of a few MiB.
const maxSteps = 16_000

func limitsOf(tags []string) limits {
	l := limits{anything: ".*"}
	for _, t := range tags {
		l.longest = max(l.longest, len(t))
		if strings.ContainsAny(t, "\r\n") {
			l.anything = "[^]*"
		}
		run := 0
		for i := range len(t) {
			if run++; !isDigit(t[i]) {
				run = 0
			}
			l.digits = max(l.digits, run)
		}
	}
	return l
}

// everything is a pattern that is found in every tag.
func (l limits) everything() string {
	if l.admit(".*") {
		return ".*"
	}
	return "^"
}

func (l limits) admit(pattern string) bool {
	n, _, err := parse(pattern)
	return err == nil && l.steps(n) <= maxSteps
}

// steps bounds the recursion on the way through n. It saturates far above the limit.
func (l limits) steps(n *node) int { return min(l.count(n), 1<<30) }

func (l limits) count(n *node) int {
	sum := 1
	for _, sub := range n.subs {
		if n.kind == kindAlternate {
			sum = max(sum, l.steps(sub))
		} else {
			sum += l.steps(sub)
		}
	}
	switch {
	case n.kind == kindAlternate:
		sum += len(n.subs)
	case n.kind == kindRepeat && n.max < 0 && n.subs[0].set == classes["d"]:
		return 2 * (1 + l.digits)
	case n.kind == kindRepeat && n.max < 0:
		return 2 * (1 + l.longest) * sum
	case n.kind == kindRepeat:
		return 1 + n.max*sum
	}
	return sum
}
