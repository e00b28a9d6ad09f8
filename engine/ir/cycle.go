package ir

import "fmt"

// checkAcyclic fails when a live layer depends on itself, and names one that does.
func (w *wiring) checkAcyclic() error {
	const unseen, open, done = 0, 1, 2
	state := make([]uint8, len(w.layers))
	for root, live := range w.live {
		if !live || state[root] == done {
			continue
		}
		for stack := []int{root}; len(stack) > 0; {
			i := stack[len(stack)-1]
			switch state[i] {
			case done:
				stack = stack[:len(stack)-1]
				continue
			case open: // all that it needs is done
				state[i] = done
				continue
			}
			state[i] = open
			needs, err := w.needs(i)
			if err != nil {
				return err
			}
			for _, n := range needs {
				if state[n] == open {
					return fmt.Errorf("%s is part of a cycle: it needs its own output, through %s", w.layers[n], w.layers[i])
				}
				if state[n] == unseen {
					stack = append(stack, n)
				}
			}
		}
	}
	return nil
}
