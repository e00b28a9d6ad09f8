package patterns

// A size is what std::regex makes of a node: it has a limit on states.
type size struct {
	created int // states made, those included that a counted repetition makes only to clone
	live    int // states reachable, which the next clone copies
}

func (s size) plus(n int) size { return size{s.created + n, s.live + n} }

// measured sets the size of n from those of its subs. Sizes saturate far above the limit.
func measured(n *node) *node {
	var s size
	for _, sub := range n.subs {
		s.created += sub.size.created
		s.live += sub.size.live
	}
	switch n.kind {
	case kindSequence: // an empty alternative follows its last term; a plain group starts with a dummy
		s = s.plus(1)
	case kindAlternate: // each bar is a fork and a join
		s = s.plus(2 * (len(n.subs) - 1))
	case kindGroup, kindLookahead:
		s = s.plus(2)
	case kindRepeat:
		s = n.repeatSize(s)
	default:
		s = size{1, 1}
	}
	n.size = size{min(s.created, 1<<30), min(s.live, 1<<30)}
	return n
}

// repeatSize is the size of a repeat of a node of size s. Braces clone what they repeat, once for each copy, and leave the original unused.
func (n *node) repeatSize(s size) size {
	switch {
	case !n.interval && n.max < 0:
		return s.plus(1)
	case !n.interval:
		return s.plus(2)
	case n.max < 0:
		live := 2 + (n.min+1)*s.live
		return size{s.created + live, live}
	}
	live := 2 + n.min*s.live + (n.max-n.min)*(s.live+1)
	return size{s.created + live, live}
}
